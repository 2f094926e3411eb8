// SPDX-License-Identifier: Apache-2.0
#include "tests/support/nft_elements.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/netns.h"

namespace portcullis::test {
namespace {

constexpr const char* kTable = "portcullis";
constexpr const char* kCounts = "count-";         // begins the names of sets that count verdicts
constexpr std::size_t kElementsPerMessage = 100;  // far below the 64 KiB of an attribute
constexpr std::size_t kMessageBytes = 1 << 16;

struct Set {
    std::uint8_t family = 0;
    std::string name;
    bool has_timeout = false;
};

struct Attribute {
    std::uint16_t type = 0;  // with its flags
    std::vector<std::uint8_t> bytes;
};

// An element as the kernel dumps it, but for its times: a rule that gives it more time than it began with changes what is left alone, and
// the kernel takes no element with more time left than its whole time.
struct Element {
    std::vector<Attribute> attributes;
    std::uint64_t left_ms = 0;
};

class Socket {
   public:
    Socket() : socket_(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)) {
        if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
            end_test_run("open a netlink socket to nf_tables");
        }
    }
    // The code of the answer, 0 or errno; messages of a dump go to `each`.
    int talk(const void* bytes, std::size_t count, const std::function<void(const nlmsghdr*)>& each) const {
        if (mnl_socket_sendto(socket_.get(), bytes, count) < 0) {
            end_test_run("write to nf_tables");
        }
        std::vector<char> buffer(kMessageBytes);
        const auto hand_on = [](const nlmsghdr* message, void* data) {
            (*static_cast<const std::function<void(const nlmsghdr*)>*>(data))(message);
            return MNL_CB_OK;
        };
        for (int state = MNL_CB_OK; state > MNL_CB_STOP;) {
            const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
            state = got < 0 ? MNL_CB_ERROR
                            : mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, mnl_socket_get_portid(socket_.get()), hand_on,
                                         const_cast<std::function<void(const nlmsghdr*)>*>(&each));
            if (state == MNL_CB_ERROR) {
                return errno;
            }
        }
        return 0;
    }

   private:
    struct Closer {
        void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Closer> socket_;
};

nlmsghdr* put_header(char* at, std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
    nlmsghdr* const message = mnl_nlmsg_put_header(at);
    message->nlmsg_type = type;
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    auto* const head = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    head->nfgen_family = family;
    head->version = NFNETLINK_V0;
    head->res_id = htons(type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END ? NFNL_SUBSYS_NFTABLES : 0);
    return message;
}

constexpr std::uint16_t of_nftables(std::uint16_t type) { return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type); }

void dump(const Socket& socket, std::uint16_t type, std::uint8_t family, const char* set,
          const std::function<void(const nlmsghdr*)>& each) {
    std::vector<char> buffer(static_cast<std::size_t>(MNL_SOCKET_BUFFER_SIZE));
    nlmsghdr* const message = put_header(buffer.data(), of_nftables(type), NLM_F_DUMP, family);
    mnl_attr_put_strz(message, NFTA_SET_TABLE, kTable);  // also the number of NFTA_SET_ELEM_LIST_TABLE
    if (set != nullptr) {
        mnl_attr_put_strz(message, NFTA_SET_NAME, set);  // also that of NFTA_SET_ELEM_LIST_SET
    }
    const int code = socket.talk(message, message->nlmsg_len, each);
    if (code != 0 && code != ENOENT) {
        errno = code;
        end_test_run("dump nf_tables");
    }
}

const nlattr* find(const std::vector<const nlattr*>& attributes, std::uint16_t type) {
    const auto at = std::find_if(attributes.begin(), attributes.end(), [&](const nlattr* one) { return mnl_attr_get_type(one) == type; });
    return at == attributes.end() ? nullptr : *at;
}

int remember(const nlattr* attribute, void* attributes) {
    static_cast<std::vector<const nlattr*>*>(attributes)->push_back(attribute);
    return MNL_CB_OK;
}

std::vector<const nlattr*> attributes_of(const nlmsghdr* message) {
    std::vector<const nlattr*> attributes;
    (void)mnl_attr_parse(message, sizeof(nfgenmsg), remember, &attributes);  // fails only where the callback does
    return attributes;
}

std::vector<const nlattr*> attributes_in(const nlattr* nest) {
    std::vector<const nlattr*> attributes;
    (void)mnl_attr_parse_nested(nest, remember, &attributes);  // likewise
    return attributes;
}

std::vector<Set> sets_of_packets(const Socket& socket) {
    std::vector<Set> sets;
    for (const std::uint8_t family : {NFPROTO_BRIDGE, NFPROTO_NETDEV}) {
        dump(socket, NFT_MSG_GETSET, family, nullptr, [&](const nlmsghdr* message) {
            const std::vector<const nlattr*> attributes = attributes_of(message);
            const nlattr* const flags = find(attributes, NFTA_SET_FLAGS);
            const std::uint32_t bits = flags == nullptr ? 0 : ntohl(mnl_attr_get_u32(flags));
            Set set{
                .family = family, .name = mnl_attr_get_str(find(attributes, NFTA_SET_NAME)), .has_timeout = (bits & NFT_SET_TIMEOUT) != 0};
            if ((bits & NFT_SET_EVAL) != 0 && !set.name.starts_with(kCounts)) {
                sets.push_back(std::move(set));
            }
        });
    }
    return sets;
}

std::vector<Element> elements_of(const Socket& socket, const Set& set) {
    std::vector<Element> elements;
    dump(socket, NFT_MSG_GETSETELEM, set.family, set.name.c_str(), [&](const nlmsghdr* message) {
        const nlattr* const list = find(attributes_of(message), NFTA_SET_ELEM_LIST_ELEMENTS);
        for (const nlattr* one : list == nullptr ? std::vector<const nlattr*>{} : attributes_in(list)) {
            Element element;
            for (const nlattr* attribute : attributes_in(one)) {
                const auto* const begin = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
                if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_EXPIRATION) {
                    element.left_ms = be64toh(mnl_attr_get_u64(attribute));
                } else if (const unsigned type = mnl_attr_get_type(attribute); type != NFTA_SET_ELEM_PAD && type != NFTA_SET_ELEM_TIMEOUT) {
                    element.attributes.push_back(
                        {.type = attribute->nla_type, .bytes = {begin, begin + mnl_attr_get_payload_len(attribute)}});
                }
            }
            elements.push_back(std::move(element));
        }
    });
    return elements;
}

// Messages of one transaction.
class Batch {
   public:
    Batch() { close(put_header(next(), NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC)); }

    void flush(const Set& set) { close(open(NFT_MSG_DELSETELEM, 0, set)); }

    void put(std::uint16_t type, std::uint16_t flags, const Set& set, const std::vector<Element>& elements) {
        for (std::size_t from = 0; from < elements.size(); from += kElementsPerMessage) {
            nlmsghdr* const message = open(type, flags, set);
            nlattr* const list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
            for (std::size_t i = from; i < std::min(from + kElementsPerMessage, elements.size()); ++i) {
                nlattr* const one = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
                for (const Attribute& attribute : elements[i].attributes) {
                    mnl_attr_put(message, attribute.type, attribute.bytes.size(), attribute.bytes.data());
                }
                if (type == NFT_MSG_NEWSETELEM) {
                    mnl_attr_put_u64(message, NFTA_SET_ELEM_TIMEOUT, htobe64(elements[i].left_ms));
                    mnl_attr_put_u64(message, NFTA_SET_ELEM_EXPIRATION, htobe64(elements[i].left_ms));
                }
                mnl_attr_nest_end(message, one);
            }
            mnl_attr_nest_end(message, list);
            close(message);
        }
    }

    // 0, or the first errno: then nothing has changed.
    [[nodiscard]] int commit(const Socket& socket) {
        put_last();
        return socket.talk(bytes_.data(), bytes_.size(), [](const nlmsghdr*) {});
    }

   private:
    char* next() {
        scratch_.assign(kMessageBytes, 0);
        return scratch_.data();
    }
    nlmsghdr* open(std::uint16_t type, std::uint16_t flags, const Set& set) {
        nlmsghdr* const message = put_header(next(), of_nftables(type), flags, set.family);
        mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, kTable);
        mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set.name.c_str());
        return message;
    }
    void close(const nlmsghdr* message) {
        last_ = bytes_.size();
        bytes_.insert(bytes_.end(), scratch_.begin(), scratch_.begin() + message->nlmsg_len);
        bytes_.resize(MNL_ALIGN(bytes_.size()));
    }
    // The last message but the end asks for the one answer that says that all of it is done.
    void put_last() {
        reinterpret_cast<nlmsghdr*>(bytes_.data() + last_)->nlmsg_flags |= NLM_F_ACK;
        close(put_header(next(), NFNL_MSG_BATCH_END, 0, AF_UNSPEC));
    }
    std::vector<char> scratch_;
    std::vector<char> bytes_;
    std::size_t last_ = 0;
};

// The code of a transaction that makes everything older.
int make_older(const Socket& socket, std::uint64_t by_ms) {
    Batch batch;
    bool is_any = false;
    for (const Set& set : sets_of_packets(socket)) {
        if (!set.has_timeout) {
            continue;
        }
        const std::vector<Element> all = elements_of(socket, set);
        std::vector<Element> older;
        for (const Element& element : all) {
            if (element.left_ms > by_ms) {
                older.push_back(element);
                older.back().left_ms -= by_ms;
            }
        }
        batch.put(NFT_MSG_DELSETELEM, 0, set, all);
        batch.put(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, older);
        is_any = is_any || !all.empty();
    }
    return is_any ? batch.commit(socket) : 0;
}

}  // namespace

void forget_nft_elements() {
    const Socket socket;
    Batch batch;
    const std::vector<Set> sets = sets_of_packets(socket);
    for (const Set& set : sets) {
        batch.flush(set);
    }
    if (const int code = sets.empty() ? 0 : batch.commit(socket); code != 0) {
        errno = code;
        end_test_run("empty nftables' sets");
    }
}

void age_nft_elements(unsigned seconds) {
    int code = 0;
    do {
        const Socket socket;
        code = make_older(socket, std::uint64_t{seconds} * 1000);
    } while (code == ENOENT);  // an element's time ran out after it was read: now it is not there
    if (code != 0) {
        errno = code;
        end_test_run("make elements of nftables' sets older");
    }
}

}  // namespace portcullis::test
