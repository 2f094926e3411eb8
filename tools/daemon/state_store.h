// SPDX-License-Identifier: Apache-2.0
// What the daemon remembers across restarts, in its state directory: the last accepted model, the bindings that stand, the generation
// reached and the ports in quarantine.
//
// Files are replaced by temporary file, fsync and rename, and carry a checksum: a reader gets the old or the new content, or an error,
// never a part. Owned by the daemon that holds the directory's StateLock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/parse/parse.h"
#include "core/result.h"
#include "tools/daemon/bindings.h"

namespace portcullis {

struct Progress {
    std::uint64_t generation = 0;
    BindingMemory bindings;
    std::vector<Quarantine> quarantines{};  // in a file of their own
    bool operator==(const Progress&) const = default;
};

struct SavedModel {
    std::vector<Document> documents;
    // Of a change that waits for its confirmation: the documents before it. A daemon that starts takes these up.
    std::optional<std::vector<Document>> former;
    [[nodiscard]] const std::vector<Document>& confirmed() const { return former ? *former : documents; }
};

// Makes it, for its owner alone, where it is missing.
[[nodiscard]] Result<> make_state_directory(const std::string& path);

class StateStore {
   public:
    // Pre: the directory exists. `host_id` names the boot and the network namespace: interface indices mean nothing beyond them.
    StateStore(std::string directory, std::string host_id) : directory_(std::move(directory)), host_id_(std::move(host_id)) {}

    // In two steps, so that a model that cannot be remembered (a full disk) is refused before anything is enforced, and one that cannot
    // be enforced is not remembered: stage writes everything, commit only renames.
    [[nodiscard]] Result<> stage_model(const SavedModel& model) const;
    [[nodiscard]] Result<> commit_model() const;
    void discard_model() const;
    // None where none was saved. A damaged file is an error: it does not mean that there was no model.
    [[nodiscard]] Result<std::optional<SavedModel>> load_model() const;

    // But for the quarantines.
    [[nodiscard]] Result<> save_progress(const Progress& progress) const;
    // Without quarantines; without bindings where they were saved in another boot or network namespace.
    [[nodiscard]] Result<Progress> load_progress() const;

    [[nodiscard]] Result<> save_quarantines(const std::vector<Quarantine>& quarantines) const;
    // Of another boot or network namespace without ifindexes. A damaged file is an error: it does not mean that nothing is to be closed.
    [[nodiscard]] Result<std::vector<Quarantine>> load_quarantines() const;

   private:
    std::string directory_;
    std::string host_id_;
};

// The boot and the network namespace this process lives in.
[[nodiscard]] std::string current_host_id();

}  // namespace portcullis
