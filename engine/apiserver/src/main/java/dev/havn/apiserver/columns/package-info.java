// SPDX-License-Identifier: Apache-2.0
/// What kubectl prints of each kind: its columns and what stands in them. Start at `Columns`.
@NullMarked
package dev.havn.apiserver.columns;

import org.jspecify.annotations.NullMarked;
