// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A request that remembers its body.
final class RecordedBody implements Request {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Request request;
  private byte @Nullable [] bytes;
  private @Nullable JsonNode tree;

  RecordedBody(Request request) {
    this.request = request;
  }

  @Override
  public byte[] body(int bytesMax) {
    byte[] read = request.body(bytesMax);
    bytes = read;
    return read;
  }

  /// The body, null when there is none, it was not read yet, or is neither JSON nor YAML.
  @Nullable JsonNode tree() {
    byte[] read = bytes;
    if (tree == null && read != null && read.length > 0) {
      tree = parse(read);
      bytes = null;
    }
    return tree;
  }

  private @Nullable JsonNode parse(byte[] read) {
    @Nullable String given = request.headers().first("content-type");
    String type = given == null ? "application/json" : given.toLowerCase(Locale.ROOT);
    try {
      if (type.contains("yaml")) {
        return Yaml.read(read);
      }
      return type.contains("json") ? JSON.readTree(read) : null;
    } catch (JacksonException | CodecException unreadable) {
      return null;
    } catch (IOException e) {
      throw new AssertionError("read from memory", e);
    }
  }

  @Override
  public InputStream bodyStream() {
    return request.bodyStream();
  }

  @Override
  public String target() {
    return request.target();
  }

  @Override
  public String method() {
    return request.method();
  }

  @Override
  public String path() {
    return request.path();
  }

  @Override
  public Query query() {
    return request.query();
  }

  @Override
  public Headers headers() {
    return request.headers();
  }

  @Override
  public Credential credential() {
    return request.credential();
  }

  @Override
  public String remoteAddress() {
    return request.remoteAddress();
  }
}
