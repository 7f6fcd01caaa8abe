// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

/// Bytes that are not what they say they are, in Kubernetes' words.
public final class CodecException extends RuntimeException {
  public CodecException(String message) {
    super(message);
  }
}
