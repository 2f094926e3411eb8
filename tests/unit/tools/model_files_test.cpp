// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of(const std::vector<Document>& documents) {
    std::vector<std::string> names;
    for (const Document& document : documents) {
        names.push_back(document.name + "=" + document.text);
    }
    return names;
}

TEST(ModelFiles, SingleFileIsOneDocumentWhateverItsName) {
    const test::TemporaryDirectory directory;
    directory.write("model.txt", "{}");
    const auto documents = read_model(directory.path("model.txt"));
    ASSERT_TRUE(documents);
    EXPECT_THAT(names_of(*documents), ElementsAre("model.txt={}"));
}

TEST(ModelFiles, DirectoryIsItsJsonFilesInOrder) {
    const test::TemporaryDirectory directory;
    directory.write("b.json", "2");
    directory.write("a.json", "1");
    directory.write(".a.json.swp", "x");
    directory.write(".hidden.json", "x");
    directory.write("README", "x");
    std::filesystem::create_directory(directory.path("old"));
    const auto documents = read_model(directory.path());
    ASSERT_TRUE(documents);
    EXPECT_THAT(names_of(*documents), ElementsAre("a.json=1", "b.json=2"));
}

TEST(ModelFiles, EmptyDirectoryIsNoModel) {
    const test::TemporaryDirectory directory;
    const auto documents = read_model(directory.path());
    ASSERT_FALSE(documents);
    EXPECT_THAT(documents.error().message, HasSubstr("holds no *.json file"));
}

TEST(ModelFiles, MissingPathIsNamed) {
    const test::TemporaryDirectory directory;
    const auto documents = read_model(directory.path("nowhere"));
    ASSERT_FALSE(documents);
    EXPECT_THAT(documents.error().message, HasSubstr("nowhere: No such file or directory"));
}

TEST(ModelFiles, FifoDoesNotStopTheReader) {
    const test::TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo(directory.path("a.json").c_str(), 0600), 0);
    EXPECT_FALSE(read_model(directory.path()));
}

TEST(ModelFiles, StampChangesWithContentOfTheSameSize) {
    const test::TemporaryDirectory directory;
    directory.write("a.json", "1");
    const auto before = stamp_model(directory.path());
    directory.write("b.json", "2");
    std::filesystem::rename(directory.path("b.json"), directory.path("a.json"));
    const auto after = stamp_model(directory.path());
    ASSERT_TRUE(before && after);
    EXPECT_NE(*before, *after);
}

}  // namespace
}  // namespace portcullis
