// SPDX-License-Identifier: Apache-2.0
/// CustomResourceDefinitions at work: which are served, what their status says, and their end.
/// Start reading at `Definitions`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.definition;

import org.jspecify.annotations.NullMarked;
