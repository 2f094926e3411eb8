// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_socket.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "fallback/nft_objects.h"

namespace portcullis {
namespace {

constexpr std::size_t kAnswerBytes = 1UL << 18;
constexpr int kReceiveBytes = 1 << 24;
constexpr std::size_t kRequestBytes = 4096;
// Above the messages' own bytes: what the kernel accounts for the buffer.
constexpr std::size_t kSendOverhead = 1UL << 16;

// The kernel's word on a message, if it is one.
std::optional<NftRefusal> refusal_in(const nlmsghdr* header) {
    if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_len < NLMSG_HDRLEN + sizeof(nlmsgerr)) {
        return std::nullopt;
    }
    nlmsgerr error;
    std::memcpy(&error, mnl_nlmsg_get_payload(header), sizeof error);
    return NftRefusal{.sequence = header->nlmsg_seq, .code = -error.error};
}

// What ended a dump before its end; 0: nothing did.
int dump_error(const nlmsghdr* header) {
    int code = 0;
    if (header->nlmsg_type == NLMSG_DONE && mnl_nlmsg_get_payload_len(header) >= sizeof code) {
        std::memcpy(&code, mnl_nlmsg_get_payload(header), sizeof code);
    }
    return code < 0 ? -code : 0;
}

// One more than `sequence` and never 0, which kernels use for what nobody asked for.
std::uint32_t next(std::uint32_t sequence) { return sequence + 1 == 0 ? 1 : sequence + 1; }

}  // namespace

void NftSocket::Closer::operator()(mnl_socket* socket) const noexcept { (void)mnl_socket_close(socket); }

Result<NftSocket> NftSocket::open() {
    NftSocket opened;
    opened.socket_.reset(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (opened.socket_ == nullptr || mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
        return fail(Error::from_errno("cannot open a netlink socket to nf_tables", errno));
    }
    const int fd = mnl_socket_get_fd(opened.socket_.get());
    // Refusals without the message that they are about. All three are for speed or for more room; without them things work as well.
    const int on = 1;
    (void)::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes);
    opened.request_.resize(kRequestBytes);
    opened.answers_.resize(kAnswerBytes);
    return opened;
}

Result<std::vector<NftRefusal>> NftSocket::commit(NftBatch& batch) {
    const std::vector<std::uint8_t>& bytes = batch.finish();
    const int fd = mnl_socket_get_fd(socket_.get());
    // A message to the kernel has to fit in the buffer as a whole.
    if (const std::size_t needed = bytes.size() + kSendOverhead; needed > send_buffer_bytes_) {
        const int wanted = static_cast<int>(std::min<std::size_t>(needed, 1UL << 30));
        if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0 &&
            ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted) != 0) {
            return fail(Error::from_errno("cannot make room for a transaction of " + std::to_string(bytes.size()) + " bytes", errno));
        }
        send_buffer_bytes_ = needed;
    }
    if (mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0) {
        return fail(Error::from_errno("cannot send a transaction of " + std::to_string(bytes.size()) + " bytes to nf_tables", errno));
    }
    // The kernel has carried it out, or not, by now: all that it has to say is there to be read.
    std::vector<NftRefusal> refusals;
    bool is_acknowledged = false;
    for (;;) {
        const ssize_t got = ::recv(fd, answers_.data(), answers_.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (got < 0 && errno == ENOBUFS) {
            continue;  // more refusals than there is room for: the first ones are enough
        }
        if (got < 0) {
            return fail(Error::from_errno("cannot read what nf_tables answers", errno));
        }
        int rest = static_cast<int>(got);
        for (auto* at = reinterpret_cast<const nlmsghdr*>(answers_.data()); mnl_nlmsg_ok(at, rest); at = mnl_nlmsg_next(at, &rest)) {
            if (const auto word = refusal_in(at); word && word->code != 0) {
                refusals.push_back(*word);
            } else if (word) {
                is_acknowledged = true;
            }
        }
    }
    if (refusals.empty() && !is_acknowledged) {
        return fail("nf_tables did not answer a transaction", EIO);
    }
    return refusals;
}

nlmsghdr* NftSocket::request(std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
    sequence_ = next(sequence_);
    nlmsghdr* header = mnl_nlmsg_put_header(request_.data());
    header->nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type);
    header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header->nlmsg_seq = sequence_;
    auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    extra->nfgen_family = family;
    extra->version = NFNETLINK_V0;
    extra->res_id = 0;
    return header;
}

Result<> NftSocket::ask(const std::function<void(const nlmsghdr*)>& each) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(request_.data());
    const bool is_dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    bool is_interrupted = false;
    if (mnl_socket_sendto(socket_.get(), request_.data(), header->nlmsg_len) < 0) {
        return fail(Error::from_errno("cannot ask nf_tables", errno));
    }
    for (;;) {
        const ssize_t got = mnl_socket_recvfrom(socket_.get(), answers_.data(), answers_.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail(Error::from_errno("cannot read what nf_tables answers", errno));
        }
        int rest = static_cast<int>(got);
        for (auto* at = reinterpret_cast<const nlmsghdr*>(answers_.data()); mnl_nlmsg_ok(at, rest); at = mnl_nlmsg_next(at, &rest)) {
            if (at->nlmsg_seq != sequence_) {
                continue;
            }
            is_interrupted = is_interrupted || (at->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            const auto word = refusal_in(at);
            if (word && word->code != 0) {
                return fail(Error::from_errno("nf_tables refuses to tell", word->code));
            }
            if (const int code = dump_error(at); code != 0) {
                return fail(Error::from_errno("nf_tables refuses to tell", code));
            }
            if (at->nlmsg_type == NLMSG_DONE || word) {
                return is_interrupted ? Result<>(fail("nf_tables was changed while it was read", EINTR)) : Result<>();
            }
            each(at);
            if (!is_dump) {
                return {};
            }
        }
    }
}

Result<std::uint32_t> NftSocket::generation() {
    (void)request(NFT_MSG_GETGEN, 0, AF_UNSPEC);
    std::uint32_t generation = 0;
    const auto read = [](const nlattr* attribute, void* data) {
        if (mnl_attr_get_type(attribute) == NFTA_GEN_ID) {
            *static_cast<std::uint32_t*>(data) = ntohl(mnl_attr_get_u32(attribute));
        }
        return MNL_CB_OK;
    };
    if (auto asked = ask([&](const nlmsghdr* answer) { (void)mnl_attr_parse(answer, sizeof(nfgenmsg), read, &generation); }); !asked) {
        return fail(asked.error().with_context("cannot read the generation of nf_tables"));
    }
    return generation;
}

Error error_of(const NftBatch& batch, const std::vector<NftRefusal>& refusals) {
    Error error = Error::from_errno("nf_tables cannot " + batch.subject_of(refusals.front().sequence), refusals.front().code);
    if (refusals.size() > 1) {
        error.message += " (and " + std::to_string(refusals.size() - 1) + " more)";
    }
    return error;
}

}  // namespace portcullis
