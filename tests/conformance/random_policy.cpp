// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/random_policy.h"

#include <algorithm>

#include "tests/conformance/random_model.h"
#include "tests/support/packet.h"

namespace portcullis::test {
namespace {

// Interfaces have none of these: theirs begin at the subnet's base + 4 (random_model.cpp).
const std::vector<Service>& possible_services() {
    static const std::vector<Service> services{
        {ip("10.0.0.2"), 17, 53},         {ip("10.0.0.2"), 6, 53},       {ip("10.1.0.2"), 17, 53},     {ip("169.254.169.254"), 6, 80},
        {ip("169.254.169.123"), 17, 123}, {ip("fd00:ec2::253"), 17, 53}, {ip("fd00:ec2::253"), 6, 53}, {ip("10.0.0.3"), 6, 8080},
        {ip("203.0.113.53"), 17, 1024},   {ip("2001:db8:1::2"), 6, 80},  {ip("203.0.113.254"), 17, 53}};
    return services;
}

template <class T>
void sort_out(std::vector<T>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

class PolicyMaker {
   public:
    PolicyMaker(Model& model, RandomSource& random) : model_(model), random_(random) {}

    void make() {
        // A server is behind one device, wherever it is listed.
        for (const char* address : {"10.0.0.3", "10.1.1.2", "fe80::2", "2001:db8:1::3"}) {
            servers_.push_back({.address = ip(address), .device = random_.one_of<const char*>({"", "", "host", "up0", "nowhere0"})});
        }
        model_.services = random_.chance(50) ? random_services() : Services{};
        for (Bridge& bridge : model_.bridges) {
            bridge.services = random_.chance(20) ? random_services() : Services{};
        }
        make_host_policies();
        for (PortClaim& port : model_.ports) {
            make_port(port);
        }
    }

   private:
    Services random_services() {
        if (random_.chance(25)) {
            return {
                .is_ec2 = true, .listed = {}, .dhcp_servers = {}, .routers = {}};  // a word, in the documents: there is nothing beside it
        }
        Services services;
        while (random_.chance(60)) {
            services.listed.push_back(random_.pick(possible_services()));
        }
        sort_out(services.listed);
        while (random_.chance(45)) {
            services.dhcp_servers.push_back(random_.pick(servers_));
        }
        sort_out(services.dhcp_servers);
        if (random_.chance(40)) {
            services.routers.push_back({.mac = router_macs()[0], .addresses = {ip("10.0.0.1"), ip("fe80::1")}});
        }
        if (random_.chance(15)) {
            services.routers.push_back({.mac = router_macs()[1], .addresses = {ip("10.1.0.1")}});
        }
        return services;
    }

    void make_host_policies() {
        model_.deny_cidrs.clear();
        while (random_.chance(30)) {
            const Prefix denied = random_prefix(model_, random_.chance(70) ? Family::Ipv4 : Family::Ipv6, random_);
            if (denied.length > 8 && std::none_of(model_.deny_cidrs.begin(), model_.deny_cidrs.end(),
                                                  [&](const DenyCidr& other) { return other.prefix == denied; })) {
                model_.deny_cidrs.push_back({.prefix = denied, .new_only = random_.chance(60)});
            }
        }
        model_.isolates_instances = random_.chance(8);
        model_.host_services.reset();
        if (random_.chance(30)) {
            std::vector<HostService> listed;
            while (random_.chance(60)) {
                const auto protocol = random_.one_of<std::uint8_t>({6, 17, 6, 17, 1, 58, 47});
                listed.push_back({.protocol = protocol, .port = {}});
                if (protocol == 6 || protocol == 17) {
                    listed.back().port = random_.pick(interesting_ports());
                }
            }
            sort_out(listed);
            model_.host_services = std::move(listed);
        }
        model_.on_revoke = random_.chance(40) ? OnRevoke::Cut : OnRevoke::Keep;
        model_.on_deny = {.reject = random_.chance(30), .log = random_.chance(15)};
    }

    void make_port(PortClaim& port) {
        port.allowed_addresses.clear();
        while (random_.chance(30)) {
            add_allowed_address(port);
        }
        port.allowed_sources.clear();
        while (random_.chance(30)) {
            port.allowed_sources.push_back(random_prefix(model_, random_.chance(60) ? Family::Ipv4 : Family::Ipv6, random_));
        }
        sort_out(port.allowed_sources);
        port.multicast.clear();
        while (random_.chance(30)) {
            port.multicast.push_back(ip(random_.one_of({"224.0.0.18", "239.1.2.3", "ff05::5", "ff02::fb"})));
        }
        sort_out(port.multicast);
        port.track_all = random_.chance(20);
        port.claims_link_local = random_.chance(80);
        port.relates_icmp_errors = random_.chance(80);
        port.services = random_.chance(15) ? random_services() : Services{};
        port.on_deny.reset();
        if (random_.chance(20)) {
            port.on_deny = OnDeny{.reject = random_.chance(50), .log = random_.chance(15)};
        }
        port.on_revoke.reset();
        if (random_.chance(25)) {
            port.on_revoke = random_.chance(50) ? OnRevoke::Cut : OnRevoke::Keep;
        }
    }

    // Shared by ports or not; above what interfaces have of their own.
    void add_allowed_address(PortClaim& port) {
        AllowedAddress allowed{.prefix = Prefix::host(ip("10.0.0.80")), .mac = {}};
        switch (random_.below(5)) {
            case 0:
                break;
            case 1:
                allowed.prefix = prefix("10.0.0.64/29");
                break;
            case 2:
                allowed.prefix = prefix("10.1.1.64/28");
                break;
            case 3:
                allowed.prefix = Prefix::host(ip("2001:db8:1::70"));
                break;
            default:
                allowed.prefix = Prefix::host(ip("203.0.113.70"));
        }
        if (random_.chance(40)) {
            allowed.mac = Mac{{0, 0, 0x5e, 0, 1, random_.one_of<std::uint8_t>({1, 2})}};
        }
        const bool is_new = std::none_of(port.allowed_addresses.begin(), port.allowed_addresses.end(),
                                         [&](const AllowedAddress& other) { return other.prefix == allowed.prefix; });
        if (is_new) {
            port.allowed_addresses.push_back(allowed);
        }
    }

    Model& model_;
    RandomSource& random_;
    std::vector<DhcpServer> servers_;
};

}  // namespace

void add_random_policies(Model& model, RandomSource& random) { PolicyMaker(model, random).make(); }

const HostFacts& random_host() {
    static const HostFacts host{
        .addresses = {ip("203.0.113.254"), ip("10.0.0.3"), ip("10.1.0.1"), ip("fe80::fe"), ip("2001:db8:1::fe")},
        .tunnels = {{.protocol = 17, .port = 4789}, {.protocol = 17, .port = 80}, {.protocol = 47, .port = 0}, {.protocol = 4, .port = 0}}};
    return host;
}

const std::vector<Mac>& router_macs() {
    static const std::vector<Mac> macs{Mac{{0x02, 0, 0, 0, 0, 0xf0}}, Mac{{0x02, 0, 0, 0, 0, 0xf1}}};
    return macs;
}

}  // namespace portcullis::test
