// SPDX-License-Identifier: Apache-2.0
/// Who did what, and what came of it: events of `audit.k8s.io/v1` as a policy asks for them. Start
/// at `Auditing`.
///
/// May be imported by: `dev.havn.apiserver`, `server`.
@NullMarked
package dev.havn.apiserver.audit;

import org.jspecify.annotations.NullMarked;
