// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;

/// A part of a range.
///
/// @param entries in order of their keys
/// @param revision the revision at which all of them were read
/// @param remaining how many keys of the range come after these; 0 at the end
public record Page(List<Entry> entries, long revision, long remaining) {}
