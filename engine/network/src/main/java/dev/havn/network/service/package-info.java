// SPDX-License-Identifier: Apache-2.0
/// What Services mean for packets: which endpoints a packet may go to, by where it comes from, and
/// the rules that send it there. Pure functions; start with [ServiceRules].
///
/// May be imported by: `dev.havn.network`.
@NullMarked
package dev.havn.network.service;

import org.jspecify.annotations.NullMarked;
