// SPDX-License-Identifier: Apache-2.0
// An object of a C library as an owned value: owned<BIO, BIO_free_all>. Costs no more than the pointer; any thread.
#pragma once

#include <memory>

namespace fleetline {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

template <class T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;

}  // namespace fleetline
