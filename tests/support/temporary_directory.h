// SPDX-License-Identifier: Apache-2.0
// A directory of a test's own, removed with everything in it when the test ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace portcullis::test {

class TemporaryDirectory {
   public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "portcullis-test-XXXXXX").native();
        if (::mkdtemp(name.data()) == nullptr) {
            std::abort();  // no test says anything on such a machine
        }
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, std::string_view text) const { std::ofstream(path(name), std::ios::binary) << text; }

   private:
    std::string path_;
};

}  // namespace portcullis::test
