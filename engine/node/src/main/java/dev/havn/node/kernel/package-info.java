// SPDX-License-Identifier: Apache-2.0
/// What Java cannot ask the kernel for is asked by programs: mounts, links, namespaces. Start at
/// `Program`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.kernel;

import org.jspecify.annotations.NullMarked;
