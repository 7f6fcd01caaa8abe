// SPDX-License-Identifier: Apache-2.0
/// From a pod's spec to running containers and back to its status. Start at `PodReconciler`.
///
/// May be imported by: `dev.havn.node`.
@NullMarked
package dev.havn.node.pod;

import org.jspecify.annotations.NullMarked;
