// SPDX-License-Identifier: Apache-2.0
/// The cluster's name server, by the Kubernetes DNS specification 1.1.0: names of Services, of
/// their endpoints and of pods; all other names are asked of the machine's name servers. Start with
/// [NameServer]; what a name means stands in [ClusterZone].
///
/// May be imported by: `dev.havn.network`.
@NullMarked
package dev.havn.network.dns;

import org.jspecify.annotations.NullMarked;
