// SPDX-License-Identifier: Apache-2.0
// Bent requests before the API, on its socket: it answers what is sound and complete, in JSON; what is refused changes nothing
// (fuzzed_api.h); and whatever one client sends, the next one is answered. The run follows from its seed, which is printed:
// PORTCULLIS_FUZZ_SEED=that repeats it.
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tests/conformance/model_documents.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_run.h"
#include "tests/fuzz/fuzz_extent.h"
#include "tests/fuzz/fuzzed_api.h"
#include "tests/fuzz/request_maker.h"
#include "tests/support/raw_client.h"
#include "tests/unit/compiler/documents.h"
#include "tools/daemon/printable.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kConversations = 1500;

// How many whole answers these bytes are; none: something else is among them.
std::optional<std::size_t> count_answers(std::string_view bytes) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    std::size_t count = 0;
    while (!bytes.empty()) {
        const std::size_t head = bytes.find("\r\n\r\n");
        const std::size_t length = bytes.substr(0, head).find(kLength);
        if (!bytes.starts_with("HTTP/1.1 ") || head == std::string_view::npos || length == std::string_view::npos) {
            return std::nullopt;
        }
        const std::size_t size = std::strtoull(bytes.data() + length + kLength.size(), nullptr, 10);
        if (bytes.size() < head + 4 + size) {
            return std::nullopt;
        }
        bytes.remove_prefix(head + 4 + size);
        ++count;
    }
    return count;
}

std::vector<json> models(RandomSource& random) {
    std::vector<json> documents{small_model()};
    for (int i = 0; i < 5; ++i) {
        documents.push_back(json::parse(document_of(random_model(random))));
    }
    return documents;
}

class ApiFuzz : public testing::Test {
   protected:
    void hold(const RequestMaker::Conversation& conversation) {
        const RawClient client(api.path());
        std::string said;
        for (const std::string& piece : conversation.pieces) {
            client.send(piece);
            said += piece;
        }
        client.finish();
        std::string answers;
        EXPECT_TRUE(client.receive(answers)) << "the connection hangs: " << printable(said);
        const std::optional<std::size_t> count = count_answers(answers);
        EXPECT_TRUE(count) << printable(said) << "\n-> " << printable(answers);
        if (conversation.is_sound) {
            EXPECT_EQ(count, conversation.requests) << printable(said) << "\n-> " << printable(answers);
        }
    }
    void expect_answered() {
        const RawClient client(api.path());
        client.send("GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n");
        std::string answer;
        EXPECT_TRUE(client.receive(answer));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    }

    const FuzzExtent extent = chosen_extent("PORTCULLIS_FUZZ_CONVERSATIONS", kConversations);
    const std::uint64_t seed = chosen_seed(kFuzzSeedVariable);
    RandomSource random{seed};
    const std::vector<json> bodies = models(random);
    FuzzedApi api{seed};
};

TEST_F(ApiFuzz, WhateverIsSentWhatIsRefusedChangesNothingAndTheNextClientIsAnswered) {
    RequestMaker maker(random, bodies);
    std::uint64_t done = 0;
    for (; !extent.is_over(done) && !HasFailure(); ++done) {
        hold(maker.make(api.generation()));
        expect_answered();
        for (const std::string& complaint : api.take_complaints()) {
            ADD_FAILURE() << complaint;
        }
    }
    std::printf("conversations %llu, changes %llu; answers", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(api.changes()));
    for (const auto& [status, count] : api.answers()) {
        std::printf(" %u: %llu", status, static_cast<unsigned long long>(count));
    }
    std::printf("\n");
    EXPECT_GT(api.changes(), 0U);
    for (const unsigned status : {200U, 400U, 404U, 405U, 409U, 412U, 422U, 500U}) {
        EXPECT_GT(api.answers()[status], done / 1000) << status;
    }
}

}  // namespace
}  // namespace portcullis::test
