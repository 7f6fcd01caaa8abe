// SPDX-License-Identifier: Apache-2.0
/// Server-side apply: field sets, managed fields, typed merge. Start at `ManagedFields`.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.apply;

import org.jspecify.annotations.NullMarked;
