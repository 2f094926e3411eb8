// SPDX-License-Identifier: Apache-2.0
// Changed documents on the whole way from their text to what the kernel would get, for both back ends: each is either refused with an error
// that says where and why, or it is a model that is compiled, lowered, printed and asked about without any. How a model is spread over
// files and in which order changes none of that. The run follows from its seed, which is printed: PORTCULLIS_FUZZ_SEED=that repeats it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/compile/compile.h"
#include "compiler/explain/explain.h"
#include "compiler/lower_bpf/lower_bpf.h"
#include "compiler/lower_bpf/render_bpf.h"
#include "compiler/lower_nft/lower_nft.h"
#include "compiler/lower_nft/render_nft.h"
#include "compiler/parse/parse.h"
#include "tests/conformance/model_documents.h"
#include "tests/conformance/random_model.h"
#include "tests/conformance/random_run.h"
#include "tests/fuzz/document_mutator.h"
#include "tests/fuzz/fuzz_extent.h"
#include "tests/unit/compiler/documents.h"
#include "tools/daemon/isolation.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kDocuments = 1000;

// The small model, those of the conformance cases, and random ones.
std::vector<json> seeds(RandomSource& random) {
    std::vector<json> documents{small_model()};
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(PORTCULLIS_MODELS)) {
        paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    for (const auto& path : paths) {
        std::ifstream file(path);
        documents.push_back(json::parse(file));
    }
    for (int i = 0; i < 10; ++i) {
        documents.push_back(json::parse(document_of(random_model(random))));
    }
    return documents;
}

// Each of its keys in a document of its own, in another order. Keys that are none of a model's are beside a document of it alone.
std::vector<Document> spread(const std::string& text) {
    std::vector<Document> documents;
    const json whole = json::parse(text);
    for (const auto& [key, value] : whole.items()) {
        documents.insert(documents.begin(), {.name = key + ".json", .text = json{{key, value}, {"Vpcs", json::array()}}.dump()});
    }
    return documents;
}

bool has_errors(const ParseOutcome& outcome) {
    return std::ranges::any_of(outcome.findings, [](const Finding& one) { return one.severity == Finding::Severity::Error; });
}

// A host on which each port has a device of a bridge.
std::vector<DeviceBinding> bindings_for(const Ruleset& ruleset) {
    std::vector<DeviceBinding> devices{{.ifindex = 1, .device = "br0", .kind = DeviceBinding::Kind::Bridge, .port = 0, .bridge = 1},
                                       {.ifindex = 2, .device = "eth1", .kind = DeviceBinding::Kind::Uplink, .port = 0, .bridge = 1},
                                       {.ifindex = 3, .device = "x0", .kind = DeviceBinding::Kind::Closed, .port = 0, .bridge = 1}};
    for (std::size_t i = 0; i < ruleset.ports.size(); ++i) {
        const auto ifindex = static_cast<std::uint32_t>(10 + i);
        devices.push_back({.ifindex = ifindex,
                           .device = "tap" + std::to_string(i),
                           .kind = DeviceBinding::Kind::Bound,
                           .port = static_cast<Index>(i),
                           .bridge = 1});
    }
    return devices;
}

// What both back ends would be given; empty where the test has failed.
struct Lowered {
    std::vector<std::string> bpf;
    std::string nft;
    bool operator==(const Lowered&) const = default;
};

// Of nftables it takes a hundred times as long.
enum class BackEnds : std::uint8_t { Bpf, Both };

Lowered lower(const Model& model, BackEnds back_ends) {
    const Result<Ruleset> ruleset = compile(model);
    if (!ruleset) {
        ADD_FAILURE() << "compile: " << ruleset.error().message;
        return {};
    }
    const MapCapacities capacities;
    Numberings numberings(capacities);
    const Result<MapImage> image = lower_bpf(*ruleset, capacities, numberings, {{"br0", 1}, {"tap0", 10}});
    if (!image) {
        ADD_FAILURE() << "lower_bpf: " << image.error().message;
        return {};
    }
    Lowered lowered;
    for (const RenderedMap& map : render_bpf(*image, *ruleset, numberings)) {
        lowered.bpf.push_back(map.name);
        lowered.bpf.insert(lowered.bpf.end(), map.entries.begin(), map.entries.end());
    }
    if (back_ends == BackEnds::Both) {
        const auto devices = bindings_for(*ruleset);
        lowered.nft = render_nft(lower_nft(*ruleset, devices, {.addresses = {*Address::parse("10.0.1.1")}, .tunnels = {}},
                                           NftBindings({}, *ruleset, devices, {})));
    }
    return lowered;
}

class DocumentFuzz : public testing::Test {
   protected:
    void judge(const std::string& text) {
        SCOPED_TRACE(text);
        const ParseOutcome outcome = parse_text(text);
        EXPECT_EQ(outcome.model.has_value(), !has_errors(outcome));
        for (const Finding& finding : outcome.findings) {
            EXPECT_EQ(finding.position.file, "model.json");
            EXPECT_FALSE(finding.message.empty());
        }
        if (!outcome.model) {
            ++refused_;
            return;
        }
        ++accepted_;
        const BackEnds back_ends = random->chance(5) ? BackEnds::Both : BackEnds::Bpf;
        const Lowered lowered = lower(*outcome.model, back_ends);
        const ParseOutcome again = parse(spread(text));
        ASSERT_TRUE(again.model) << again.findings.front().to_string();
        EXPECT_EQ(lower(*again.model, back_ends), lowered) << "spread over files";
        ask(*outcome.model);
    }
    // From and to what the model has; the answer may be that the question is ambiguous.
    void ask(const Model& model) {
        if (model.network_interfaces.empty()) {
            return;
        }
        Question question{.from = random->pick(model.network_interfaces).id, .to = random->pick(model.network_interfaces).id};
        question.destination_port = random->one_of<std::uint16_t>({0, 22, 80, 443, 65535});
        const Result<Answer> answer = explain(model, question);
        EXPECT_TRUE(answer ? !answer->forward.empty() : !answer.error().message.empty());
    }
    // What is left when faulty objects are put aside is a model.
    void isolate_from(const std::string& accepted, const std::string& offered) {
        SCOPED_TRACE(offered);
        const std::vector<Document> documents{{.name = "model.json", .text = offered}};
        const ParseOutcome outcome = parse(documents);
        if (outcome.model) {
            return;
        }
        const Result<IsolatedModel> isolated =
            isolate(documents, outcome.findings, std::vector<Document>{{.name = "model.json", .text = accepted}});
        if (!isolated) {
            EXPECT_FALSE(isolated.error().message.empty());
            return;
        }
        ++isolated_;
        EXPECT_FALSE(isolated->objects.empty());
        const ParseOutcome rest = parse(isolated->documents);
        ASSERT_TRUE(rest.model) << rest.findings.front().to_string();
        (void)lower(*rest.model, BackEnds::Bpf);
    }
    ~DocumentFuzz() override {
        std::printf("documents accepted %llu, refused %llu, isolated %llu\n", static_cast<unsigned long long>(accepted_),
                    static_cast<unsigned long long>(refused_), static_cast<unsigned long long>(isolated_));
    }

    const FuzzExtent extent = chosen_extent("PORTCULLIS_FUZZ_DOCUMENTS", kDocuments);
    const std::uint64_t seed = chosen_seed(kFuzzSeedVariable);
    std::unique_ptr<RandomSource> random = std::make_unique<RandomSource>(seed);
    std::uint64_t accepted_ = 0, refused_ = 0, isolated_ = 0;
};

TEST_F(DocumentFuzz, EveryDocumentIsRefusedWithAReasonOrBecomesTheSamePolicyHoweverItIsSpread) {
    const std::vector<json> models = seeds(*random);
    for (std::uint64_t i = 0; !extent.is_over(i) && !HasFailure(); ++i) {
        // A seed of its own for each, so that one can be repeated alone.
        *random = RandomSource(seed + i);
        DocumentMutator mutator(*random);
        const json& model = random->pick(models);
        const json document = mutator.mutate(model, random->pick(models));
        const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
        judge(random->chance(80) ? text : mutator.mutate_text(text));
        isolate_from(model.dump(), text);
        if (HasFailure()) {
            std::printf("%s=%llu\n", kFuzzSeedVariable, static_cast<unsigned long long>(seed + i));
        }
    }
    EXPECT_GT(accepted_, 0U);
    EXPECT_GT(refused_, 0U);
    EXPECT_GT(isolated_, 0U);
}

}  // namespace
}  // namespace portcullis::test
