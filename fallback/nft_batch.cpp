// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_batch.h"

#include <linux/netfilter/nfnetlink.h>

#include <cstring>

extern "C" {
#include <libmnl/libmnl.h>
}
#include <arpa/inet.h>

namespace portcullis {
namespace {

// One attribute holds at most 64 KiB; messages have at most one long one and names.
constexpr std::size_t kMostOfOneMessage = 128UL * 1024;

nlmsghdr* put_batch_header(std::uint8_t* at, std::uint16_t type, std::uint32_t sequence) {
    nlmsghdr* header = mnl_nlmsg_put_header(at);
    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST;
    header->nlmsg_seq = sequence;
    auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    extra->nfgen_family = AF_UNSPEC;
    extra->version = NFNETLINK_V0;
    extra->res_id = htons(NFNL_SUBSYS_NFTABLES);
    return header;
}

}  // namespace

std::string NftSubject::text() const {
    std::string text = std::string(verb) + " ";
    if (position != 0) {
        text += std::to_string(position) + " of ";
    }
    return text + family + " " + std::string(table) + (name.empty() ? "" : " " + std::string(name));
}

NftBatch::NftBatch(std::uint32_t generation) {
    reserve();
    nlmsghdr* begin = put_batch_header(bytes_.data(), NFNL_MSG_BATCH_BEGIN, 0);
    mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(generation));
    used_ = begin->nlmsg_len;
}

void NftBatch::reserve() {
    if (bytes_.size() < used_ + kMostOfOneMessage) {
        bytes_.resize(2 * bytes_.size() + 2 * kMostOfOneMessage);
    }
}

nlmsghdr* NftBatch::add(std::uint16_t type, std::uint16_t flags, std::uint8_t family, const NftSubject& subject) {
    reserve();
    subjects_.push_back(subject);
    nlmsghdr* header = mnl_nlmsg_put_header(bytes_.data() + used_);
    header->nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type);
    header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header->nlmsg_seq = static_cast<std::uint32_t>(subjects_.size());
    auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    extra->nfgen_family = family;
    extra->version = NFNETLINK_V0;
    extra->res_id = 0;
    return header;
}

void NftBatch::close(const nlmsghdr* message) {
    last_ = used_;
    used_ += MNL_ALIGN(message->nlmsg_len);
}

const std::vector<std::uint8_t>& NftBatch::finish() {
    if (!subjects_.empty()) {
        nlmsghdr last;
        std::memcpy(&last, bytes_.data() + last_, sizeof last);
        last.nlmsg_flags |= NLM_F_ACK;
        std::memcpy(bytes_.data() + last_, &last, sizeof last);
    }
    reserve();
    const nlmsghdr* end = put_batch_header(bytes_.data() + used_, NFNL_MSG_BATCH_END, static_cast<std::uint32_t>(subjects_.size() + 1));
    used_ += MNL_ALIGN(end->nlmsg_len);
    bytes_.resize(used_);
    return bytes_;
}

const NftSubject* NftBatch::find_subject(std::uint32_t sequence) const {
    return sequence == 0 || sequence > subjects_.size() ? nullptr : &subjects_[sequence - 1];
}

std::string NftBatch::subject_of(std::uint32_t sequence) const {
    const NftSubject* subject = find_subject(sequence);
    return subject == nullptr ? "commit the transaction" : subject->text();
}

}  // namespace portcullis
