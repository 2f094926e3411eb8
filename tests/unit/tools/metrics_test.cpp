// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/exposition.h"
#include "tests/unit/compiler/documents.h"
#include "tests/unit/tools/daemon_parts.h"
#include "tools/daemon/api.h"
#include "tools/daemon/metrics_address.h"
#include "tools/daemon/metrics_text.h"

namespace portcullis {
namespace {

using test::read_exposition;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MetricsTest : public testing::Test, protected test::StateParts, protected test::DaemonParts {
   protected:
    MetricsTest() : DaemonParts(store) {}
    HttpResponse call(const std::string& method, const std::string& target, const std::string& body = {}) {
        return api.handle({.method = method, .target = target, .if_match = {}, .body = body, .peer = {}});
    }
    double value(const std::string& sample) {
        const test::Exposition read = read_exposition(call("GET", "/metrics").body);
        EXPECT_THAT(read.faults, IsEmpty());
        EXPECT_TRUE(read.samples.contains(sample)) << sample;
        return read.samples.contains(sample) ? read.samples.at(sample) : -1;
    }

    EventLog events;
    Api api{controller, intake, confirmation, events};
};

TEST_F(MetricsTest, AreInTheExpositionFormatWithAndWithoutAModel) {
    const HttpResponse before = call("GET", "/metrics");
    EXPECT_EQ(before.status, 200U);
    EXPECT_STREQ(before.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(read_exposition(before.body).faults, IsEmpty());
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_THAT(read_exposition(call("GET", "/metrics").body).faults, IsEmpty());
    EXPECT_EQ(call("POST", "/metrics").status, 405U);
}

TEST_F(MetricsTest, TellGenerationHealthAndPortsByState) {
    EXPECT_EQ(value("portcullis_ports{state=\"enforced\"}"), 0);
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    EXPECT_EQ(value("portcullis_generation"), 1);
    EXPECT_EQ(value("portcullis_model_generation"), 1);
    EXPECT_EQ(value("portcullis_ports{state=\"enforced\"}"), 1);
    EXPECT_EQ(value("portcullis_ports{state=\"quarantined\"}"), 0);
    EXPECT_EQ(value("portcullis_healthy"), 1);
    EXPECT_EQ(value("portcullis_last_apply_kernel_writes"), 1);
    EXPECT_GE(value("portcullis_last_apply_duration_seconds"), 0);
    EXPECT_GT(value("portcullis_model_accepted_timestamp_seconds"), 1e9);
    EXPECT_EQ(value("portcullis_backend_info{backend=\"fake\",mode=\"\"}"), 1);
}

TEST_F(MetricsTest, TellWhatTheKernelCountedOfEachPort) {
    ASSERT_EQ(call("PUT", "/v1/model", small_model().dump()).status, 200U);
    dataplane.counters = {
        {.ifindex = 5,
         .reasons = {{PC_REASON_passed, Direction::Outbound, 7, 700}, {PC_REASON_security_group, Direction::Inbound, 3, 180}},
         .flows = 2,
         .lost_events = 4}};
    const std::string port = "device=\"tap0\",interface=\"eni-1\"";
    EXPECT_EQ(value("portcullis_port_packets_total{" + port + ",direction=\"outbound\",reason=\"passed\"}"), 7);
    EXPECT_EQ(value("portcullis_port_bytes_total{" + port + ",direction=\"inbound\",reason=\"security_group\"}"), 180);
    EXPECT_EQ(value("portcullis_port_flows{" + port + "}"), 2);
    EXPECT_EQ(value("portcullis_port_flow_quota{" + port + "}"), kDefaultFlowsPerPort);
    EXPECT_EQ(value("portcullis_port_half_open_quota{" + port + "}"), kDefaultHalfOpenPerPort);
    EXPECT_EQ(value("portcullis_port_lost_events_total{" + port + "}"), 4);
}

TEST_F(MetricsTest, CountHealingsByKindAndRequestsByMethodAndStatus) {
    dataplane.healing = Healing{.healed = {{.what = "a pin", .kind = Tampering::Kind::Pin}, {.what = "a hook"}}, .standing = {}};
    (void)controller.heal();
    EXPECT_EQ(value("portcullis_healings_total{kind=\"pin\"}"), 1);
    EXPECT_EQ(value("portcullis_healings_total{kind=\"program\"}"), 1);
    EXPECT_EQ(value("portcullis_healings_total{kind=\"table\"}"), 0);
    (void)call("GET", "/nothing");
    (void)call("BREW", "/v1/status");
    (void)call("BREW\"\n", "/v1/status");
    EXPECT_EQ(value("portcullis_api_requests_total{method=\"GET\",code=\"404\"}"), 1);
    EXPECT_EQ(value("portcullis_api_requests_total{method=\"other\",code=\"405\"}"), 2);
}

TEST_F(MetricsTest, TellWhenAModelWasRefused) {
    EXPECT_THAT(call("GET", "/metrics").body, Not(HasSubstr("portcullis_model_refused_timestamp_seconds")));
    EXPECT_EQ(call("PUT", "/v1/model", "{}").status, 422U);
    EXPECT_GT(value("portcullis_model_refused_timestamp_seconds"), 1e9);
}

TEST(MetricsText, LabelsOfHostileNamesStayLabels) {
    MetricsText text;
    text.family("a_total", MetricsText::Type::Counter, "Help.");
    text.sample({{"device", "tap\"} 1\n# TYPE b gauge\\"}}, 1);
    const std::string written = std::move(text).take();
    EXPECT_THAT(read_exposition(written).faults, IsEmpty());
    EXPECT_THAT(written, HasSubstr("{device=\"tap\\\"} 1\\n# TYPE b gauge\\\\\"} 1\n"));
}

TEST(Exposition, EachFaultIsFound) {
    const std::string head = "# HELP a_total Help.\n# TYPE a_total counter\n";
    for (const char* const text : {"a_total 1\n", "# HELP a_total Help.\na_total 1\n", "# TYPE a_total counter\na_total 1\n"}) {
        EXPECT_THAT(read_exposition(text).faults, Not(IsEmpty())) << text;
    }
    for (const char* const line :
         {"b_total 1\n", "a_total{x=\"1} 1\n", "a_total{x=\"\\q\"} 1\n", "a_total{0x=\"1\"} 1\n", "a_total{x=\"1\",x=\"2\"} 1\n",
          "a_total -1\n", "a_total 1.5\n", "a_total one\n", "a_total\n", "a_total 1", "a_total 1\na_total 1\n"}) {
        EXPECT_THAT(read_exposition(head + line).faults, Not(IsEmpty())) << line;
    }
    EXPECT_THAT(read_exposition(head + "a_total{x=\"1\",y=\"\\\"\"} 1\n").faults, IsEmpty());
    EXPECT_THAT(read_exposition("# HELP a Help.\n# TYPE a counter\na 1\n").faults, Not(IsEmpty()));
}

TEST(MetricsAddress, APortAloneIsOfTheLoopbackAddress) {
    const auto text_of = [](const char* text) {
        const auto parsed = parse_metrics_address(text);
        return parsed ? parsed->address.to_string() + ' ' + std::to_string(parsed->port) : "refused";
    };
    EXPECT_EQ(text_of("9100"), "127.0.0.1 9100");
    EXPECT_EQ(text_of("192.0.2.1:9100"), "192.0.2.1 9100");
    EXPECT_EQ(text_of("[2001:db8::1]:9100"), "2001:db8::1 9100");
    for (const char* const wrong : {"", "none", ":9100", "0", "65536", "192.0.2.1", "192.0.2.1:", "2001:db8::1:9100", "[192.0.2.1]:9100",
                                    "localhost:9100", "9100 ", "-1"}) {
        EXPECT_EQ(text_of(wrong), "refused") << wrong;
    }
}

}  // namespace
}  // namespace portcullis
