// SPDX-License-Identifier: Apache-2.0
/// Defaults, pruning and validation by schema, in Kubernetes' words. Start at `FieldError`.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.validate;

import org.jspecify.annotations.NullMarked;
