// SPDX-License-Identifier: Apache-2.0
/// Answers requests for certificates: approves those of nodes, signs what was approved for
/// Kubernetes' own signers, and forgets old requests. Start with `Checks`, which says what a signer
/// takes; who holds the key is behind `CertificateSigner`.
///
/// May be imported by: `dev.havn.controllers`, `server`.
@NullMarked
package dev.havn.controllers.certificates;

import org.jspecify.annotations.NullMarked;
