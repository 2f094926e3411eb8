// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_directory.h"
#include "tools/daemon/state_lock.h"

namespace portcullis {
namespace {

using testing::HasSubstr;

const Progress kProgress{.generation = 7, .bindings = {.standing = {{5, "eni-1", "tap0"}}, .once_bound = {5, 6}}};

class StateStoreTest : public testing::Test {
   protected:
    test::TemporaryDirectory directory;
    StateStore store{directory.path(), "boot 1"};
};

TEST_F(StateStoreTest, NothingIsRememberedAtFirst) {
    EXPECT_FALSE(store.load_model()->has_value());
    EXPECT_EQ(*store.load_progress(), Progress{});
}

TEST_F(StateStoreTest, ModelComesBackByteForByteOnceCommitted) {
    const std::string text = "{\"Vpcs\": [] , \"x\": \"\xc3\xa9\\u0000\"}\n";
    ASSERT_TRUE(store.stage_model({.documents = {{.name = "a.json", .text = text}}, .former = {}}));
    EXPECT_FALSE(store.load_model()->has_value());
    ASSERT_TRUE(store.commit_model());
    const auto model = store.load_model();
    ASSERT_TRUE(model && *model);
    EXPECT_EQ((*model)->documents[0].name, "a.json");
    EXPECT_EQ((*model)->documents[0].text, text);
}

TEST_F(StateStoreTest, ProgressComesBackInTheSameBoot) {
    ASSERT_TRUE(store.save_progress(kProgress));
    EXPECT_EQ(*store.load_progress(), kProgress);
}

TEST_F(StateStoreTest, BindingsOfAnotherBootAreForgottenAndTheGenerationIsNot) {
    ASSERT_TRUE(store.save_progress(kProgress));
    const auto progress = StateStore(directory.path(), "boot 2").load_progress();
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->generation, 7U);
    EXPECT_EQ(progress->bindings, BindingMemory{});
}

TEST_F(StateStoreTest, FileThatIsCutAnywhereIsAnErrorAndNotAnEmptyModel) {
    ASSERT_TRUE(store.stage_model({.documents = {{.name = "a.json", .text = "{}"}}, .former = {}}));
    ASSERT_TRUE(store.commit_model());
    const std::string path = directory.path("model");
    for (auto size = std::filesystem::file_size(path); size-- > 0;) {
        std::filesystem::resize_file(path, size);
        const auto model = store.load_model();
        ASSERT_FALSE(model) << "cut to " << size << " bytes";
        EXPECT_THAT(model.error().message, HasSubstr("damaged"));
    }
}

TEST_F(StateStoreTest, FileWithAFlippedBitIsAnError) {
    ASSERT_TRUE(store.save_progress(kProgress));
    std::ifstream file(directory.path("progress"), std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t i = 0; i < content.size(); ++i) {
        std::string flipped = content;
        flipped[i] = static_cast<char>(flipped[i] ^ 1);
        directory.write("progress", flipped);
        EXPECT_FALSE(store.load_progress()) << "byte " << i;
    }
}

TEST_F(StateStoreTest, DirectoryIsLockedByOneAtATime) {
    auto first = StateLock::acquire(directory.path());
    ASSERT_TRUE(first);
    const auto second = StateLock::acquire(directory.path());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another portcullisd runs on the state directory"));
    first = fail("given up");
    EXPECT_TRUE(StateLock::acquire(directory.path()));
}

TEST_F(StateStoreTest, QuarantinesComeBackAndInAnotherBootWithoutTheNumbersOfDevices) {
    const Quarantine quarantine{.port = "tap0", .interface_id = "eni-1", .device = "tap0", .ifindex = 5, .since = "2026-01-01T00:00:00Z"};
    EXPECT_TRUE(store.load_quarantines()->empty());
    ASSERT_TRUE(store.save_quarantines({quarantine}));
    EXPECT_EQ(*store.load_quarantines(), std::vector{quarantine});
    Quarantine later = quarantine;
    later.ifindex = 0;
    EXPECT_EQ(*StateStore(directory.path(), "boot 2").load_quarantines(), std::vector{later});
}

TEST_F(StateStoreTest, DamagedQuarantinesAreNotTakenForNone) {
    ASSERT_TRUE(store.save_quarantines({{.port = "tap0", .device = "tap0"}}));
    directory.write("quarantine", "x");
    EXPECT_FALSE(store.load_quarantines());
}

TEST_F(StateStoreTest, ReleasedDevicesComeBackWithTheBindings) {
    Progress progress = kProgress;
    progress.bindings.released = {9};
    ASSERT_TRUE(store.save_progress(progress));
    EXPECT_EQ(*store.load_progress(), progress);
}

}  // namespace
}  // namespace portcullis
