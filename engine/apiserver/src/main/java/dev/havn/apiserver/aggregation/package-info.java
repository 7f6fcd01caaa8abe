// SPDX-License-Identifier: Apache-2.0
/// API groups that other servers serve, as if this one did: APIService objects say who, requests go
/// there with the user's name in headers that a front-proxy certificate vouches for. Start at
/// `Aggregator`.
///
/// May be imported by: `dev.havn.apiserver`, `server`.
@NullMarked
package dev.havn.apiserver.aggregation;

import org.jspecify.annotations.NullMarked;
