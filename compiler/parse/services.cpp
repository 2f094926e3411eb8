// SPDX-License-Identifier: Apache-2.0
// The key `Services`, under `Portcullis`, a bridge or a port: the word "ec2", or lists of what instances may reach whatever their rules
// say.
#include "compiler/parse/fields.h"
#include "compiler/parse/portcullis.h"
#include "compiler/parse/traffic.h"

namespace portcullis {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

// Reads one `Services` of one owner and notes the place of each address in it.
class ServicesReader {
   public:
    ServicesReader(const Owner& owner, Services& services, Declarations& declared)
        : owner_(owner), services_(services), declared_(declared) {}
    void read_ec2(const JsonCursor& word);
    // A list of addresses, all with the same protocols and port.
    void read_addresses(const JsonCursor& list, std::initializer_list<std::uint8_t> protocols, std::uint16_t port);
    void read_other(const JsonCursor& entry);
    void read_dhcp_server(const JsonCursor& entry);
    void read_router(const JsonCursor& entry);

   private:
    ServicePlace& add_place(const JsonCursor& at, ServicePlace::Kind kind, std::optional<Address> address);
    const Owner& owner_;
    Services& services_;
    Declarations& declared_;
};

ServicePlace& ServicesReader::add_place(const JsonCursor& at, ServicePlace::Kind kind, std::optional<Address> address) {
    return declared_.service_places.emplace_back(
        ServicePlace{.owner = owner_, .kind = kind, .address = address, .mac = {}, .device = {}, .position = at.position()});
}

void ServicesReader::read_ec2(const JsonCursor& word) {
    if (word.text() != "ec2") {
        word.error("expected \"ec2\" or an object, found " + quoted(*word.text()));
        return;
    }
    services_.is_ec2 = true;
    add_place(word, ServicePlace::Kind::Ec2, std::nullopt);
}

void ServicesReader::read_addresses(const JsonCursor& list, std::initializer_list<std::uint8_t> protocols, std::uint16_t port) {
    for (const JsonCursor& element : given_elements(list)) {
        const auto address = parse_service_address(element);
        if (!address) {
            continue;
        }
        add_place(element, ServicePlace::Kind::Service, address);
        for (const std::uint8_t protocol : protocols) {
            services_.listed.push_back({.address = *address, .protocol = protocol, .port = port});
        }
    }
}

void ServicesReader::read_other(const JsonCursor& entry) {
    check_keys(entry, {"Address", "Protocol", "Port"});
    const auto address = parse_service_address(entry.required("Address"));
    const auto protocol = parse_one_protocol(entry.required("Protocol"));
    const auto port = parse_port_number(entry.required("Port"));
    if (protocol && *protocol != kTcp && *protocol != kUdp) {
        entry.member("Protocol").error("a service is tcp or udp");
    } else if (address && protocol && port) {
        services_.listed.push_back({.address = *address, .protocol = *protocol, .port = *port});
        add_place(entry, ServicePlace::Kind::Service, address);
    }
}

void ServicesReader::read_dhcp_server(const JsonCursor& entry) {
    check_keys(entry, {"Address", "Device"});
    const auto address = parse_service_address(entry.required("Address"));
    const JsonCursor device = entry.member("Device");
    const auto name = parse_device(device);
    if (address && name.has_value() == device.is_given()) {
        services_.dhcp_servers.push_back({.address = *address, .device = name.value_or("")});
        add_place(entry, ServicePlace::Kind::DhcpServer, address).device = name.value_or("");
    }
}

void ServicesReader::read_router(const JsonCursor& entry) {
    check_keys(entry, {"Mac", "Addresses"});
    const auto mac = parse_own_mac(entry.required("Mac"));
    Router router{.mac = mac.value_or(Mac{}), .addresses = {}};
    const JsonCursor addresses = entry.member("Addresses");
    for (const JsonCursor& element : given_elements(addresses)) {
        if (const auto address = parse_service_address(element)) {
            router.addresses.push_back(*address);
            add_place(element, ServicePlace::Kind::Router, address).mac = mac;
        }
    }
    if (mac) {
        add_place(entry, ServicePlace::Kind::Router, std::nullopt).mac = mac;
        services_.routers.push_back(std::move(router));
    }
}

}  // namespace

void parse_services(const JsonCursor& value, const Owner& owner, Services& services, Declarations& declared) {
    ServicesReader reader(owner, services, declared);
    if (value.is_string()) {
        reader.read_ec2(value);
        return;
    }
    check_keys(value, {"DhcpServers", "DnsResolvers", "Metadata", "TimeServers", "Other", "Routers"});
    reader.read_addresses(value.member("DnsResolvers"), {kUdp, kTcp}, 53);
    reader.read_addresses(value.member("Metadata"), {kTcp}, 80);
    reader.read_addresses(value.member("TimeServers"), {kUdp}, 123);
    const JsonCursor others = value.member("Other");
    for (const JsonCursor& entry : others.objects()) {
        reader.read_other(entry);
    }
    const JsonCursor servers = value.member("DhcpServers");
    for (const JsonCursor& entry : servers.objects()) {
        reader.read_dhcp_server(entry);
    }
    const JsonCursor routers = value.member("Routers");
    for (const JsonCursor& entry : routers.objects()) {
        reader.read_router(entry);
    }
}

}  // namespace portcullis
