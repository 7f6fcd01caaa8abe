// SPDX-License-Identifier: Apache-2.0
/// The images of a node: loaded from files, unpacked once. Start at `ImageStore`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.image;

import org.jspecify.annotations.NullMarked;
