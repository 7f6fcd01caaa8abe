// SPDX-License-Identifier: Apache-2.0
/// The cluster's table of nftables as data: who contributes which chains and elements, and the
/// script that leads from one state to the next. Start with [Rules], then [RuleBook].
///
/// May be imported by: the packages of `dev.havn.network`.
@NullMarked
package dev.havn.network.rules;

import org.jspecify.annotations.NullMarked;
