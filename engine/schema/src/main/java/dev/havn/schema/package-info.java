// SPDX-License-Identifier: Apache-2.0
/// Kubernetes types as data, and pure functions over JSON trees: decode, encode, prune, default,
/// validate, merge, select, describe.
///
/// May be imported by: the API server; it imports nothing of Havn.
@NullMarked
package dev.havn.schema;

import org.jspecify.annotations.NullMarked;
