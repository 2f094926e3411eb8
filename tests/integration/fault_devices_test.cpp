// SPDX-License-Identifier: Apache-2.0
// F11, F13, F15, F36: devices that come, flood, go, and are exchanged for others under their names and numbers, and events of the kernel
// that the daemon misses.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "tests/integration/failing_daemon.h"
#include "tests/integration/fault_host.h"
#include "tests/support/packet.h"
#include "tests/support/running_devices.h"

namespace portcullis::test {
namespace {

using nlohmann::json;

// A further instance, that of p3 or p4 …, which sends from the moment its end of the cable is there: to a closed port, with the address of
// another instance to the open one, and what is allowed, each newcomer as a kind of its own.
class Newcomer {
   public:
    static constexpr std::size_t kFirst = 2;  // instance
    static constexpr std::size_t kClosedPort = 5, kClaimedAddress = 6;

    explicit Newcomer(const NetNamespace& host, std::size_t instance = kFirst) : host_(host), instance_(instance) {}
    Newcomer(const Newcomer&) = delete;
    Newcomer& operator=(const Newcomer&) = delete;
    ~Newcomer() { stop(); }
    // The cable's end at the host, of that name and number (0: any), is up, and no port of the bridge yet.
    void plug(const std::string& device, unsigned ifindex = 0) {
        const std::string number = ifindex == 0 ? "" : " index " + std::to_string(ifindex);
        host_.ip("link add " + device + number + " type veth peer name eth0 address " + probe_mac(instance_).to_string() + " netns " +
                 there_.path() + "\nlink set " + device + " up");
        there_.ip("link set eth0 up");
        wait_until_running(there_, {"eth0"});
        sender_.emplace(there_, "eth0");
        is_over_ = false;
        thread_ = std::thread([this] { run(); });
        const std::uint64_t so_far = sent_;
        if (!wait_until([&] { return sent_ > so_far; })) {
            end_test_run("send as a newcomer");
        }
    }
    void unplug(const std::string& device) {
        stop();
        sender_.reset();
        host_.ip("link del " + device);
    }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::size_t allowed_kind() const { return ForbiddenFlood::kAllowed + instance_ - kFirst; }
    [[nodiscard]] std::string device() const { return "p" + std::to_string(instance_ + 1); }

   private:
    void stop() {
        is_over_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    [[nodiscard]] Bytes frame(std::size_t kind) const {
        const Address source = probe_address(kind == kClaimedAddress ? 0 : instance_, Family::Ipv4);
        const std::uint16_t port = kind == kClosedPort ? kClosedProbe : kOpenProbe;
        return (Ethernet{.source = probe_mac(instance_), .destination = probe_mac(1)} /
                Ipv4{.source = source, .destination = probe_address(1, Family::Ipv4)} /
                Udp{.source_port = 50000, .destination_port = port} / text(ForbiddenFlood::text_of(kind)))
            .bytes();
    }
    void run() {
        const std::array<Bytes, 3> frames{frame(kClosedPort), frame(kClaimedAddress), frame(allowed_kind())};
        while (!is_over_) {
            for (const Bytes& one : frames) {
                sender_->send(one);
                ++sent_;
            }
            (void)::poll(nullptr, 0, 1);
        }
    }

    const NetNamespace& host_;
    std::size_t instance_;
    NetNamespace there_;
    std::optional<RawSocket> sender_;
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

class FaultDevices : public FaultHost {
   protected:
    // What a port has in the kernel beyond maps, which `verify` compares.
    [[nodiscard]] static std::set<std::string> pins() {
        std::set<std::string> names;
        for (const auto& link : std::filesystem::directory_iterator(PrivateBpffs::directory() + "/links")) {
            names.insert(link.path().filename());
        }
        return names;
    }
    [[nodiscard]] static bool has_pin_of(std::uint32_t ifindex) {
        return std::ranges::any_of(pins(), [end = "_" + std::to_string(ifindex)](const std::string& name) { return name.ends_with(end); });
    }
    void expect_nothing_left(const std::vector<std::string>& devices, const std::set<std::string>& pins_before) {
        for (const std::string& device : devices) {
            EXPECT_TRUE(wait_until([&] { return state_of(device) == "absent"; }));
        }
        (void)wait_until([&] { return pins() == pins_before; });
        EXPECT_EQ(pins(), pins_before);
    }
};

// Several at once, each at its own pace and again under its name as soon as it is gone.
TEST_F(FaultDevices, ANewcomerThatFloodsGetsNothingThroughThatIsForbiddenAndItsAllowedPacketsOncePolicyIsActive) {
    constexpr std::size_t kNewcomers = 5;
    const int plugs = count(15);
    std::vector<std::unique_ptr<Newcomer>> newcomers;
    std::vector<std::string> devices;
    for (std::size_t i = 0; i < kNewcomers; ++i) {
        newcomers.push_back(std::make_unique<Newcomer>(host.host(), Newcomer::kFirst + i));
        devices.push_back(newcomers.back()->device());
    }
    {  // where nothing is enforced it gets everything through
        newcomers[0]->plug("p3");
        host.host().ip("link set p3 master br0");
        EXPECT_TRUE(wait_until(
            [this] { return flood().delivered(Newcomer::kClosedPort) > 0 && flood().delivered(Newcomer::kClaimedAddress) > 0; }));
        newcomers[0]->unplug("p3");
    }
    ASSERT_NO_FATAL_FAILURE(begin());
    apply(fault_model(0, devices));
    const auto pins_before = pins();
    std::atomic<int> begun = 0;
    const auto come_and_go = [&](Newcomer& newcomer) {
        const std::string device = newcomer.device();
        std::uint32_t former = 0;
        for (int plug = ++begun; plug <= plugs && !HasFailure(); plug = ++begun) {
            newcomer.plug(device);
            host.host().ip("link set " + device + " master br0");
            const std::uint64_t so_far = flood().delivered(newcomer.allowed_kind());
            EXPECT_TRUE(wait_until([&] { return flood().delivered(newcomer.allowed_kind()) > so_far; })) << device << daemon->log();
            EXPECT_EQ(state_of(device), "enforced");
            EXPECT_FALSE(has_pin_of(former)) << "of the one before, which went first";
            former = host.host().ifindex_of(device);
            EXPECT_TRUE(has_pin_of(former));
            newcomer.unplug(device);
            say_progress(plug, plugs);
        }
    };
    std::vector<std::thread> threads;
    for (const auto& newcomer : newcomers) {
        threads.emplace_back(come_and_go, std::ref(*newcomer));
    }
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < kNewcomers; ++i) {
        threads[i].join();
        sent += newcomers[i]->sent();
    }
    expect_nothing_left(devices, pins_before);
    std::printf("packets of the newcomers: %llu\n", static_cast<unsigned long long>(sent));
    end_probes();
    expect_kernel_equals_model();
}

// A device of a name that belongs to a port, and at once another of the same number that nobody knows: what was found of the one must not
// be done to the other. The number is one that no other device has.
TEST_F(FaultDevices, ADeviceThatIsExchangedUnderItsNumberIsTakenForWhatItIs) {
    constexpr unsigned kNumber = 1000;
    const int exchanges = count(5);
    ASSERT_NO_FATAL_FAILURE(begin());
    apply(fault_model(0, {"p3"}));
    const auto pins_before = pins();
    for (int done = 0; done < exchanges && !HasFailure(); ++done) {
        const std::string number = " index " + std::to_string(kNumber) + " type veth peer name far\n";
        host.host().ip("link add p3" + number + "link set p3 master br0 up");
        (void)::poll(nullptr, 0, static_cast<int>(draw(40)));  // at any moment of its being taken up
        host.host().ip("link del p3");
        Newcomer stranger(host.host());
        stranger.plug("q3", kNumber);
        host.host().ip("link set q3 master br0");
        EXPECT_TRUE(wait_until([this] { return state_of("q3") == "closed"; })) << daemon->log();
        const std::uint64_t so_far = flood().delivered(ForbiddenFlood::kAllowed);
        const std::uint64_t sent = stranger.sent();
        EXPECT_TRUE(wait_until([&] { return stranger.sent() > sent + 300; }));
        EXPECT_LE(flood().delivered(ForbiddenFlood::kAllowed), so_far + 1);  // one may have been on its way
        stranger.unplug("q3");
        EXPECT_TRUE(wait_until([this] { return state_of("q3") == "none"; }));
        expect_nothing_left({"p3"}, pins_before);
        say_progress(done + 1, exchanges);
    }
    end_probes();
    expect_kernel_equals_model();
}

// The daemon's queue of events has 2 KiB: most of what happens is lost to it (tests/integration/small_receive_queue.c).
TEST_F(FaultDevices, EventsThatAreLostLeaveNoDeviceUnseen) {
    const int flaps = count(200);
    {
        const LoadedBeforeLibc loaded(PORTCULLIS_SMALL_RECEIVE_QUEUE);
        begin();
    }
    ASSERT_FALSE(HasFatalFailure());
    apply(fault_model(0, {"p3"}));
    std::string devices;
    for (int i = 0; i < 10; ++i) {
        const std::string name = "d" + std::to_string(i);
        devices += "link add " + name + " type veth peer name f" + std::to_string(i) + "\nlink set " + name + " master br0 up\n";
    }
    host.host().ip(devices);
    std::string batch;
    for (int done = 0; done < flaps; ++done) {
        const std::string name = "d" + std::to_string(done % 10);
        batch += "link set " + name + " down\nlink set " + name + " up\n";
        if (done % 20 == 19 || done + 1 == flaps) {
            host.host().ip(batch);
            batch.clear();
        }
        say_progress(done + 1, flaps);
    }
    host.host().ip("link add p3 type veth peer name f10\nlink set p3 master br0 up\nlink set d0 down\nlink set d0 name e0\nlink del d1\n" +
                   std::string("link set d2 nomaster"));
    EXPECT_TRUE(wait_until([this] {
        return state_of("p3") == "enforced" && state_of("e0") == "closed" && state_of("d0") == "none" && state_of("d1") == "none" &&
               state_of("d2") == "none";
    })) << status().dump(1);
    for (int i = 3; i < 10; ++i) {
        EXPECT_EQ(state_of("d" + std::to_string(i)), "closed");
    }
    EXPECT_NE(daemon->log().find("netlink events were lost"), std::string::npos);
    end_probes();
    expect_kernel_equals_model();
}

}  // namespace
}  // namespace portcullis::test
