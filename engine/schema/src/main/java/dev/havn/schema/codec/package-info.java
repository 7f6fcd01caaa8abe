// SPDX-License-Identifier: Apache-2.0
/// Bytes to JSON trees and back: JSON, YAML, Kubernetes protobuf.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.codec;

import org.jspecify.annotations.NullMarked;
