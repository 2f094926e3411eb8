// SPDX-License-Identifier: Apache-2.0
#include "fallback/nft_writer.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "fallback/nft_diff.h"
#include "fallback/nft_encode.h"
#include "fallback/nft_objects.h"
#include "fallback/nft_preparation.h"
#include "fallback/nft_transaction.h"

namespace portcullis {
namespace {

// How often others may get in between reading and writing.
constexpr int kMostAttempts = 100;

// The kernel counts on by one with each transaction, and passes over 0.
std::uint32_t generation_after(std::uint32_t generation) { return generation + 1 == 0 ? 1 : generation + 1; }

bool is_of_device(const NftChain& chain) { return chain.hook && !chain.hook->device.empty(); }

std::vector<const NftElement*> pointers_to(const std::vector<NftElement>& elements) {
    std::vector<const NftElement*> pointers;
    pointers.reserve(elements.size());
    for (const NftElement& element : elements) {
        pointers.push_back(&element);
    }
    return pointers;
}

const NftSet* find_set(const NftImage& image, const NftStateEnd& end) {
    const NftTable* const table = find_table(image, end.family);
    return table == nullptr ? nullptr : find_set(*table, end.set);
}

// Not counted as written: mostly there is nothing in it.
void encode_end(NftBatch& batch, const NftStateEnd& end, std::string_view table, const NftImage& had, const NftImage& wanted) {
    const NftSet* old = find_set(had, end);
    const NftSet* now = find_set(wanted, end);
    if (old == nullptr || now == nullptr || !has_same_shape(*old, *now)) {
        return;  // it goes as a whole
    }
    encode_elements_end(batch, {.family = end.family, .name = table}, *now);
}

std::vector<std::string> sentences_of(const std::vector<NftTableDiff>& diffs) {
    std::vector<std::string> sentences;
    for (const NftTableDiff& diff : diffs) {
        const NftTable& table = diff.wanted != nullptr ? *diff.wanted : *diff.had;
        const std::string name = "the table " + std::string(word_of(table.family)) + " " + table.name;
        sentences.push_back(diff.had == nullptr ? name + " was deleted; it is there again, without flows"
                                                : name + " was changed; it is as it was again (" + std::to_string(count_writes({diff})) +
                                                      " objects written)");
    }
    return sentences;
}

std::shared_ptr<const NftImage> without_chains(const std::shared_ptr<const NftImage>& image, const std::set<std::string>& names) {
    auto changed = std::make_shared<NftImage>(*image);
    for (NftTable& table : changed->tables) {
        if (table.family == NftFamily::Netdev) {
            table.chains.erase(std::remove_if(table.chains.begin(), table.chains.end(),
                                              [&](const NftChain& chain) { return is_of_device(chain) && names.contains(chain.name); }),
                               table.chains.end());
        }
    }
    return changed;
}

}  // namespace

Result<NftWriter> NftWriter::open(std::string table, bool owns_tables) {
    auto socket = NftSocket::open();
    if (!socket) {
        return fail(socket.error());
    }
    return NftWriter(std::move(*socket), std::move(table), owns_tables ? kTableOwner | kTablePersist : 0);
}

// Others cannot change tables that have an owner, and we hold them.
bool NftWriter::is_ours_alone() const {
    return !standing_flags_.empty() &&
           std::all_of(standing_flags_.begin(), standing_flags_.end(), [&](const auto& one) { return held_.contains(one.first); });
}

Result<> NftWriter::look() {
    auto generation = socket_.generation();
    if (!generation) {
        return fail(generation.error());
    }
    if (is_known_ && (generation_ == *generation || is_ours_alone())) {
        generation_ = *generation;
        return look_at_devices();
    }
    is_known_ = false;
    auto read = read_back(socket_, table_);
    if (!read) {
        return fail(read.error());
    }
    standing_ = std::make_shared<const NftImage>(std::move(read->image));
    standing_flags_ = std::move(read->flags);
    generation_ = read->generation;
    is_known_ = true;
    return {};
}

// A base chain goes with its device, and no generation tells (before Linux 6.16, where it stays and waits for another of that name).
Result<> NftWriter::look_at_devices() {
    for (const NftTable& table : standing_->tables) {
        if (table.family != NftFamily::Netdev) {
            continue;
        }
        const auto chains = read_chains(socket_, {.family = table.family, .name = table.name});
        if (!chains) {
            is_known_ = false;
            return chains.error().code == EINTR ? look() : Result<>(fail(chains.error()));
        }
        std::set<std::string> gone;
        for (const NftChain& chain : table.chains) {
            if (is_of_device(chain)) {
                gone.insert(chain.name);
            }
        }
        for (const NftChain& chain : *chains) {
            gone.erase(chain.name);
        }
        if (!gone.empty()) {
            standing_ = without_chains(standing_, gone);
            return {};  // there is one such table
        }
    }
    return {};
}

// What is to be done about it: nothing, but to try again; or an error.
Result<std::optional<std::size_t>> NftWriter::after_refusal(const NftBatch& batch, const std::vector<NftRefusal>& refusals) {
    const NftRefusal& first = refusals.front();
    const NftSubject* subject = batch.find_subject(first.sequence);
    is_known_ = false;  // whatever it was, it is looked at anew
    if (first.code == ERESTART || first.code == EINTR || first.code == EAGAIN) {
        return std::optional<std::size_t>();
    }
    const std::string_view verb = subject == nullptr ? "" : subject->verb;
    if (verb == "add table" && (first.code == EOPNOTSUPP || first.code == EINVAL) && flags_ != 0) {
        flags_ = 0;  // the kernel does not know one of them
        return std::optional<std::size_t>();
    }
    if (first.code == EPERM && subject != nullptr) {
        return fail("cannot change the nftables table " + std::string(subject->family) + " " + std::string(subject->table) +
                        ": it belongs to another process",
                    EPERM);
    }
    if ((first.code == ENOENT || first.code == ENODEV) && subject != nullptr && verb == "add chain" && subject->is_of_device) {
        absent_.emplace_back(subject->name);
        return std::optional<std::size_t>();
    }
    return fail(error_of(batch, refusals));
}

Result<std::optional<std::size_t>> NftWriter::attempt(const NftImage& image, const std::vector<NftStateEnd>& ends) {
    const std::vector<NftTableDiff> diffs = diff_images(*standing_, image);
    NftBatch batch(generation_);
    std::set<NftFamily> adopted;
    for (const auto& [family, flags] : standing_flags_) {
        // Ours by a daemon that is no more: nobody owns it until we do. Tables of ours from before a kernel or an option had it stay so.
        if (flags_ != 0 && (flags & flags_) == kTablePersist && !held_.contains(family)) {
            encode_table(batch, {.family = family, .name = table_}, flags_);
            adopted.insert(family);
        }
    }
    for (const NftTableDiff& diff : diffs) {
        encode_diff(batch, diff, flags_);
    }
    // Last, for what packets leave meanwhile by the former rules is to go as well.
    for (const NftStateEnd& end : ends) {
        encode_end(batch, end, table_, *standing_, image);
    }
    if (batch.is_empty()) {
        return std::optional<std::size_t>(0);
    }
    auto refusals = socket_.commit(batch);
    if (!refusals) {
        is_known_ = false;
        return fail(refusals.error());
    }
    if (!refusals->empty()) {
        return after_refusal(batch, *refusals);
    }
    written_over_ = generation_;
    generation_ = generation_after(generation_);
    note_written(diffs, adopted);
    return std::optional<std::size_t>(count_writes(diffs) + adopted.size());
}

void NftWriter::note_written(const std::vector<NftTableDiff>& diffs, const std::set<NftFamily>& adopted) {
    held_.insert(adopted.begin(), adopted.end());
    for (const NftTableDiff& diff : diffs) {
        if (diff.wanted == nullptr) {
            standing_flags_.erase(diff.had->family);
            held_.erase(diff.had->family);
        } else if (diff.had == nullptr) {
            standing_flags_[diff.wanted->family] = flags_;
            if (flags_ != 0) {
                held_.insert(diff.wanted->family);
            }
        }
    }
}

std::shared_ptr<const NftImage> NftWriter::without_absent(const std::shared_ptr<const NftImage>& image) const {
    return absent_.empty() ? image : without_chains(image, {absent_.begin(), absent_.end()});
}

// What was prepared is of no use any more. Should it stay, nothing leads to it, and the next write removes it.
void NftWriter::give_up(const std::shared_ptr<const NftImage>& former) {
    if (former != nullptr && look()) {
        if (const auto restored = attempt(*former, {}); restored && *restored) {
            standing_ = former;
        }
    }
}

Result<std::size_t> NftWriter::write(const std::shared_ptr<const NftImage>& image, const std::vector<NftStateEnd>& ends) {
    absent_.clear();
    std::size_t prepared = 0;
    std::shared_ptr<const NftImage> former;  // before anything was prepared
    for (int i = 0; i < kMostAttempts; ++i) {
        if (auto looked = look(); !looked) {
            return fail(looked.error());
        }
        const auto possible = without_absent(image);
        if (auto first = nft_prepared(*standing_, *possible)) {
            const auto brought = attempt(*first, {});
            if (!brought) {
                return fail(brought.error());
            }
            if (!*brought) {
                continue;
            }
            former = former == nullptr ? standing_ : former;
            standing_ = std::make_shared<const NftImage>(std::move(*first));
            prepared += **brought;
        }
        auto written = attempt(*possible, ends);
        if (!written) {
            give_up(prepared == 0 ? nullptr : former);
            return fail(written.error());
        }
        if (*written) {
            standing_ = possible;
            return prepared + **written;
        }
    }
    return fail("cannot write nftables tables: others keep changing nf_tables", EBUSY);
}

Result<std::vector<std::string>> NftWriter::put_back(const std::shared_ptr<const NftImage>& image) {
    const auto found = standing();
    if (!found) {
        return fail(found.error());
    }
    std::vector<std::string> sentences = sentences_of(diff_images(**found, *image));
    const auto written = write(image);
    if (!written) {
        return fail(written.error());
    }
    if (*written == 0) {
        sentences.clear();  // what is missing is of devices that are not there
    }
    return sentences;
}

Result<bool> NftWriter::change_elements(const std::vector<NftElementChange>& changes) {
    if (auto looked = look(); !looked) {
        return fail(looked.error());
    }
    NftBatch batch(generation_);
    for (const NftElementChange& change : changes) {
        const NftTableName table{.family = change.family, .name = table_};
        encode_elements(batch, table, *change.set, pointers_to(change.gone), NftElementOp::Delete);
        encode_elements(batch, table, *change.set, pointers_to(change.fresh), NftElementOp::Add);
    }
    if (batch.is_empty()) {
        return true;
    }
    auto refusals = socket_.commit(batch);
    if (!refusals) {
        is_known_ = false;
        return fail(refusals.error());
    }
    if (refusals->empty()) {
        written_over_ = generation_;
        generation_ = generation_after(generation_);
        return true;
    }
    const int code = refusals->front().code;
    if (code == ENOENT || code == ERESTART || code == EINTR || code == EAGAIN) {
        return false;
    }
    return fail(error_of(batch, *refusals));
}

Result<bool> NftWriter::may_have_drifted() {
    auto generation = socket_.generation();
    if (!generation) {
        return fail(generation.error());
    }
    return !is_known_ || (generation_ != *generation && !is_ours_alone());
}

void NftWriter::pass_over(const NftWriter& other) {
    if (is_known_ && other.is_known_ && other.written_over_ == generation_ && other.generation_ == generation_after(generation_)) {
        generation_ = other.generation_;
    }
}

Result<const NftImage*> NftWriter::read_again() {
    is_known_ = false;
    return standing();
}

Result<const NftImage*> NftWriter::standing() {
    if (auto looked = look(); !looked) {
        return fail(looked.error());
    }
    return standing_.get();
}

}  // namespace portcullis
