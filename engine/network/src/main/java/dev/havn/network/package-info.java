// SPDX-License-Identifier: Apache-2.0
/// What the kernel does with packets between pods, Services and the machine: rules of nftables, the
/// cluster's DNS, addresses of load balancers, network policies. Start with [Network].
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.network;

import org.jspecify.annotations.NullMarked;
