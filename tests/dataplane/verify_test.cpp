// SPDX-License-Identifier: Apache-2.0
// What verify finds of maps and hooks that somebody else changed.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpf/abi.h"
#include "loader/bpf_map.h"
#include "loader/teardown.h"
#include "tests/dataplane/differences.h"
#include "tests/dataplane/enforced_instances.h"

namespace portcullis::test {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Verify : public EnforcedInstances {
   protected:
    void SetUp() override {
        start();
        ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 53}), net_.devices(), {}));
    }
    [[nodiscard]] std::vector<std::string> differences() const { return differences_of(*dataplane_); }
    template <class Map>
    static Map pinned(const std::string& name) {
        auto map = Map::adopt(UniqueFd(::bpf_obj_get((PrivateBpffs::directory() + "/maps/" + name).c_str())));
        EXPECT_TRUE(map);
        return std::move(*map);
    }
};

TEST_F(Verify, FindsNothingAfterAnyChange) {
    EXPECT_THAT(differences(), IsEmpty());
    EXPECT_TRUE(net_.delivers(53));
    EXPECT_THAT(differences(), IsEmpty());
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 54, .other_members = {"10.0.0.20"}}),
                                  net_.devices({.udp_port = 54, .other_members = {"10.0.0.20"}}), {}));
    EXPECT_THAT(differences(), IsEmpty());
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 53}), net_.devices(), {}));
    EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(Verify, ComparesWithWhatAFormerDaemonLeftBeforeTheFirstChangeAndAfterIt) {
    ASSERT_TRUE(net_.delivers(53));
    start();
    EXPECT_THAT(differences(), IsEmpty());
    const std::uint32_t ifindex = net_.ifindex(0);
    auto devices = pinned<BpfMap<std::uint32_t, pc_device>>("pc_devices");
    pc_device device{};
    ASSERT_TRUE(*devices.look_up(ifindex, device));
    ASSERT_TRUE(*devices.remove(ifindex));
    EXPECT_THAT(differences(), ElementsAre("pc_devices: missing is entry " + std::to_string(ifindex)));
    ASSERT_TRUE(devices.insert(ifindex, device));
    ASSERT_TRUE(dataplane_->apply(ruleset_of({.udp_port = 53}), net_.devices(), {}));
    EXPECT_THAT(differences(), IsEmpty());
    start();
    ASSERT_TRUE(teardown(PrivateBpffs::directory()));
    EXPECT_THAT(differences(), AllOf(SizeIs(2), Each(HasSubstr("without our programs"))));
}

TEST_F(Verify, NamesWhatANumberIsSaidToStandForWhereItIsNotSo) {
    auto names = pinned<BpfMap<pc_name_key, pc_name>>("pc_names");
    const pc_name_key key{.number = 4711, .kind = PC_NAME_RULE, .part = 0};
    const pc_name name{.bytes = 1, .text = {'x'}};
    ASSERT_TRUE(names.insert(key, name));
    EXPECT_THAT(differences(), ElementsAre(HasSubstr("pc_names: there should be no entry")));
}

TEST_F(Verify, NamesEntriesThatAreMissingTooMuchOrOthers) {
    const std::uint32_t ifindex = net_.ifindex(0);
    auto devices = pinned<BpfMap<std::uint32_t, pc_device>>("pc_devices");
    pc_device device{};
    ASSERT_TRUE(*devices.look_up(ifindex, device));
    ASSERT_TRUE(*devices.remove(ifindex));
    EXPECT_THAT(differences(), ElementsAre("pc_devices: missing is entry " + std::to_string(ifindex)));
    const pc_device other{.kind = PC_DEVICE_UPLINK};
    ASSERT_TRUE(devices.insert(ifindex, other));
    EXPECT_THAT(differences(), ElementsAre("pc_devices: another value than it should have has entry " + std::to_string(ifindex)));
    ASSERT_TRUE(*devices.remove(ifindex));
    ASSERT_TRUE(devices.insert(ifindex, device));
    ASSERT_TRUE(devices.insert(4711, device));
    EXPECT_THAT(differences(), ElementsAre("pc_devices: there should be no entry 4711"));
    ASSERT_TRUE(*devices.remove(4711));
    EXPECT_THAT(differences(), IsEmpty());
}

TEST_F(Verify, NamesRowsThatAreOthers) {
    auto ports = pinned<BpfRows<pc_port>>("pc_ports");
    pc_port row{};
    ASSERT_TRUE(*ports.look_up(1, row));
    row.view[0].flags ^= 1;
    const std::vector<std::pair<std::uint32_t, pc_port>> rows{{1, row}};
    ASSERT_TRUE(ports.write_all(rows));
    EXPECT_THAT(differences(), ElementsAre("pc_ports: other than it should be is row 1"));
}

TEST_F(Verify, NamesDevicesWithoutOurPrograms) {
    ASSERT_TRUE(teardown(PrivateBpffs::directory()));
    EXPECT_THAT(differences(), AllOf(SizeIs(2), Each(HasSubstr("without our programs"))));
}

}  // namespace
}  // namespace portcullis::test
