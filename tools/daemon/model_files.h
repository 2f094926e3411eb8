// SPDX-License-Identifier: Apache-2.0
// A model on disk: one JSON file, or a directory whose *.json files are merged. Read by the daemon (model_watch.h) and the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "core/result.h"

namespace portcullis {

// What of a file tells whether it has changed, without reading it.
struct FileStamp {
    std::string path;
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const FileStamp&) const = default;
};
using ModelStamp = std::vector<FileStamp>;  // sorted by path

// Fails where the path is missing, is neither a regular file nor a directory, or is a directory without any *.json file: an empty
// directory is more often a mount that is missing than a wish to enforce nothing. Names that begin with a dot are passed over.
[[nodiscard]] Result<ModelStamp> stamp_model(const std::string& path);

// The documents, named by their file names. Fails where a file cannot be read, changes while it is read, or all of them together are
// larger than kMaxModelBytes.
inline constexpr std::uint64_t kMaxModelBytes = 1ULL << 30U;
[[nodiscard]] Result<std::vector<Document>> read_model(const std::string& path);

}  // namespace portcullis
