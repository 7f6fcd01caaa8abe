// SPDX-License-Identifier: Apache-2.0
/// Turns the published Java model and protobuf descriptors of Kubernetes, with our overlays, into
/// the resource that `havn-schema` reads. Runs at build time only. Start at `Generate`.
///
/// May be imported by: nobody.
@NullMarked
package dev.havn.schema.generator;

import org.jspecify.annotations.NullMarked;
