// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/backend.h"

#include <utility>

#include "tools/daemon/open_dataplane.h"

namespace portcullis {
namespace {

// Of what cannot be asked about, nothing is known to stand: it is asked again, and removed, once the other back end enforces.
bool is_standing(const BackendKind& kind) { return kind.stands().value_or(false); }

}  // namespace

// What the other one left is retired later; where it cannot be asked about, that is tried as well.
Result<Backend> Backend::open(const BackendKind& kind, const BackendKind& other, std::string reason) {
    Result<std::unique_ptr<Dataplane>> dataplane = kind.open();
    if (!dataplane) {
        return fail(dataplane.error());
    }
    Backend backend;
    backend.dataplane_ = std::move(*dataplane);
    backend.reason_ = std::move(reason);
    backend.uses_nftables_ = kind.name == "nftables";
    if (is_standing(other)) {
        backend.other_ = other;
    }
    return backend;
}

// 1. What the operator says. 2. What stands: of two, between which a change was interrupted, the one that can be driven. 3. BPF where
// it can be had, else nftables. 4. None, where that is wanted rather than no daemon.
Result<Backend> Backend::choose(BackendChoice choice, OnUnsupported on_unsupported, BackendKind bpf, BackendKind nftables) {
    if (choice != BackendChoice::Auto) {
        const bool is_bpf = choice == BackendChoice::Bpf;
        const std::string name = is_bpf ? bpf.name : nftables.name;
        Result<Backend> opened = open(is_bpf ? bpf : nftables, is_bpf ? nftables : bpf, "asked for by --backend " + name);
        return opened ? std::move(opened) : fail(opened.error().with_context("--backend " + name));
    }
    const Result<bool> bpf_stands = bpf.stands();
    if (!bpf_stands) {
        return fail(bpf_stands.error().with_context("what the BPF back end left is unknown"));
    }
    const bool nftables_stands = is_standing(nftables);
    std::string refusal;
    if (*bpf_stands || !nftables_stands) {
        Result<Backend> opened = open(bpf, nftables, *bpf_stands ? "auto: it enforces already" : "auto: this kernel runs its programs");
        if (opened) {
            return opened;
        }
        refusal = opened.error().message;
        if (*bpf_stands && !nftables_stands) {
            return fail(
                opened.error().with_context("the BPF back end enforces and cannot be driven; what stands is left as it is, and "
                                            "--backend nftables would replace it"));
        }
    }
    Result<Backend> opened = open(nftables, bpf, nftables_stands ? "auto: it enforces already" : "auto: no BPF back end (" + refusal + ")");
    if (opened) {
        return opened;
    }
    if (nftables_stands) {
        return fail(
            opened.error().with_context("the nftables back end enforces and cannot be driven; what stands is left as it is, and "
                                        "--backend bpf would replace it"));
    }
    const std::string why = "no back end can be had: bpf: " + refusal + "; nftables: " + opened.error().message;
    if (*bpf_stands || on_unsupported == OnUnsupported::Fail) {
        return fail(why);
    }
    Backend none;
    none.dataplane_ = std::make_unique<OpenDataplane>(why);
    none.reason_ = "not enforced: " + why;
    return none;
}

std::string Backend::reason() const {
    return reason_ + (other_ ? "; what " + other_->name + " left is still there" + (trouble_.empty() ? "" : ": " + trouble_) : "");
}

Result<> Backend::retire_other() {
    if (!other_ || !has_applied_) {
        return {};
    }
    if (Result<> retired = other_->retire(); !retired) {
        trouble_ = retired.error().message;
        return retired;
    }
    other_.reset();
    trouble_.clear();
    return {};
}

}  // namespace portcullis
