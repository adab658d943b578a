// SPDX-License-Identifier: Apache-2.0
// Asio, compiled once for this program.
#include <boost/asio/impl/src.hpp>
