// SPDX-License-Identifier: Apache-2.0
/// Volumes of drivers of the Container Storage Interface: what a node has to say to a driver so
/// that a pod gets a volume, and loses it. Start at `CsiVolumes`.
///
/// May be imported by: `dev.havn.node`, `dev.havn.node.pod` and `dev.havn.node.stats`.
@NullMarked
package dev.havn.node.csi;

import org.jspecify.annotations.NullMarked;
