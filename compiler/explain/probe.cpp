// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain/probe.h"

#include <span>
#include <utility>

namespace portcullis {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, std::span<const std::uint8_t> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

void put_be16(Bytes& bytes, std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

Bytes transport(const Question& question, bool is_answer) {
    const std::uint8_t flags = is_answer ? 0x12 : 0x02;  // SYN+ACK, SYN
    Bytes bytes;
    switch (question.protocol) {
        case 6:
            put_be16(bytes, question.source_port);
            put_be16(bytes, question.destination_port);
            put(bytes, Bytes(8));
            put(bytes, Bytes{0x50, flags, 0xff, 0xff, 0, 0, 0, 0});  // 20 bytes of header
            return bytes;
        case 17:
            put_be16(bytes, question.source_port);
            put_be16(bytes, question.destination_port);
            put(bytes, Bytes{0, 8, 0, 0});
            return bytes;
        case 1:
        case 58:
            put(bytes, Bytes{question.icmp_type, question.icmp_code, 0, 0, 0, 1, 0, 1});
            return bytes;
        default:
            return bytes;
    }
}

void put_ipv4(Bytes& bytes, const ProbeEnvelope& envelope, std::uint8_t protocol, std::size_t payload) {
    put(bytes, Bytes{0x45, 0});
    put_be16(bytes, 20 + payload);
    put(bytes, Bytes{0, 0, 0, 0, 64, protocol, 0, 0});
    put(bytes, std::span(envelope.source.bytes).first(4));
    put(bytes, std::span(envelope.destination.bytes).first(4));
}

void put_ipv6(Bytes& bytes, const ProbeEnvelope& envelope, std::uint8_t protocol, std::size_t payload) {
    put(bytes, Bytes{0x60, 0, 0, 0});
    put_be16(bytes, payload);
    put(bytes, Bytes{protocol, 64});
    put(bytes, envelope.source.bytes);
    put(bytes, envelope.destination.bytes);
}

}  // namespace

std::vector<std::uint8_t> probe_frame(const ProbeEnvelope& envelope, const Question& question) {
    const Bytes payload = transport(question, envelope.is_answer);
    const auto protocol = static_cast<std::uint8_t>(question.protocol);
    const bool is_ipv4 = envelope.source.family == Family::Ipv4;
    Bytes frame;
    put(frame, envelope.destination_mac.bytes);
    put(frame, envelope.source_mac.bytes);
    put_be16(frame, is_ipv4 ? 0x0800 : 0x86dd);
    if (is_ipv4) {
        put_ipv4(frame, envelope, protocol, payload.size());
    } else {
        put_ipv6(frame, envelope, protocol, payload.size());
    }
    put(frame, payload);
    return frame;
}

std::optional<Question> response_to(const Question& question) {
    Question response = question;
    std::swap(response.source_port, response.destination_port);
    if (question.protocol != 1 && question.protocol != 58) {
        return response;
    }
    if (question.icmp_code != 0) {
        return std::nullopt;
    }
    const bool is_ipv4 = question.protocol == 1;
    switch (question.icmp_type) {
        case 8:
            response.icmp_type = 0;
            return is_ipv4 ? std::optional(response) : std::nullopt;
        case 13:
        case 15:
        case 17:
            ++response.icmp_type;
            return is_ipv4 ? std::optional(response) : std::nullopt;
        case 128:
        case 139:
            ++response.icmp_type;
            return is_ipv4 ? std::nullopt : std::optional(response);
        default:
            return std::nullopt;
    }
}

}  // namespace portcullis
