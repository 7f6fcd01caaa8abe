// SPDX-License-Identifier: Apache-2.0
/// What runs containers. Start at `ContainerRuntime`, the port that all runtimes stand behind.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.runtime;

import org.jspecify.annotations.NullMarked;
