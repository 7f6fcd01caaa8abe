// SPDX-License-Identifier: Apache-2.0
/// The patches that carry no ownership: JSON patch, JSON merge patch, strategic merge patch.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.patch;

import org.jspecify.annotations.NullMarked;
