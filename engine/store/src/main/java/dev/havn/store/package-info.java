// SPDX-License-Identifier: Apache-2.0
/// A revisioned key-value store: one totally ordered log of revisions with an index of the current
/// state. Start at `Store`.
///
/// May be imported by: the API server; it imports nothing of Havn.
@NullMarked
package dev.havn.store;

import org.jspecify.annotations.NullMarked;
