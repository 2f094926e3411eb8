// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/nft_peers.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/bench/bench_model.h"

namespace portcullis::bench {
namespace {

std::string ports() { return std::to_string(kAllowedPort) + "-" + std::to_string(kAllowedPort + kAllowedPorts - 1); }

}  // namespace

void load_nft(const test::NetNamespace& where, const std::string& text) {
    const test::NetNamespace::Entered here = where.enter();
    FILE* input = ::popen("PATH=/usr/sbin:/sbin:$PATH nft -f -", "we");
    errno = EINVAL;
    if (input == nullptr || std::fwrite(text.data(), 1, text.size(), input) != text.size() || ::pclose(input) != 0) {
        test::end_test_run("load rules by nft");
    }
}

std::string linear_rules(std::size_t rules) {
    std::string text = "table bridge peer {\n chain forward {\n  type filter hook forward priority 0; policy drop;\n";
    for (std::size_t i = 0; i < rules; ++i) {
        text += "  ip saddr " + bystander(i).to_string() + " tcp dport " + std::to_string(1 + i % 1000) + " accept\n";
    }
    return text + "  udp dport " + ports() + " accept\n  udp sport " + ports() + " accept\n }\n}\n";
}

std::string best_rules(std::size_t prefixes) {
    std::string text =
        "table bridge peer {\n set own {\n  typeof iifname . ether saddr . ip saddr\n  elements = { \"p1\" . 02:00:00:00:00:0a . "
        "203.0.113.1, \"p2\" . 02:00:00:00:00:0b . 198.51.100.1 }\n }\n map sources {\n  type ipv4_addr : verdict\n  flags "
        "interval\n  elements = { 203.0.113.0/24 : jump ports, 198.51.100.0/24 : jump ports";
    for (std::size_t i = 0; i < prefixes; ++i) {
        text += ", " + bystander(i).to_string() + " : drop";
    }
    return text + " }\n }\n chain ports {\n  udp dport { " + ports() + ", 80, 443 } accept\n  udp sport { " + ports() +
           " } accept\n }\n chain port {\n  iifname . ether saddr . ip saddr != @own drop\n  ip saddr vmap @sources\n  drop\n }\n"
           " chain forward {\n  type filter hook forward priority 0; policy drop;\n  iifname vmap { \"p1\" : jump port, \"p2\" : jump "
           "port }\n }\n}\n";
}

std::string conntrack_rules() {
    return "table inet peer {\n chain forward {\n  type filter hook forward priority 0; policy drop;\n  ct state established,related "
           "accept\n  udp dport " +
           ports() + " accept\n  tcp dport " + ports() + " accept\n }\n}\n";
}

std::string prefix_set(std::size_t prefixes) {
    std::string text = "table bridge peer {\n set prefixes {\n  type ipv4_addr . inet_service\n  flags interval\n  elements = { ";
    for (std::size_t i = 0; i < prefixes; ++i) {
        text +=
            (i == 0 ? "" : ", ") + bystander(i).to_string() + " . " + std::to_string(1 + i % 1000) + "-" + std::to_string(10 + i % 1000);
    }
    return text + " }\n }\n}\n";
}
std::string add_prefix_element() { return "add element bridge peer prefixes { 192.0.2.0/24 . 80 }\n"; }
std::string delete_prefix_element() { return "delete element bridge peer prefixes { 192.0.2.0/24 . 80 }\n"; }

void forget_conntrack(const test::NetNamespace& where) {
    const test::NetNamespace::Entered here = where.enter();
    struct Request {
        nlmsghdr header;
        nfgenmsg family;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;  // of all, since it names none
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    struct Answer {
        nlmsghdr header;
        nlmsgerr error;
    } answer{};
    if (!socket.is_open() || ::send(socket.value(), &request, sizeof request, 0) < 0 ||
        ::recv(socket.value(), &answer, sizeof answer, MSG_TRUNC) < 0) {
        test::end_test_run("empty the connection tracking table");
    }
    errno = -answer.error.error;
    if (answer.header.nlmsg_type != NLMSG_ERROR || errno != 0) {
        test::end_test_run("empty the connection tracking table");
    }
}

std::size_t conntrack_entry_bytes() {
    std::ifstream slabs("/proc/slabinfo");
    for (std::string line; std::getline(slabs, line);) {
        std::istringstream words(line);
        std::string name;
        std::size_t active = 0, all = 0, bytes = 0;
        if (words >> name >> active >> all >> bytes && name == "nf_conntrack") {
            return bytes;
        }
    }
    return 0;
}

}  // namespace portcullis::bench
