// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.store.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bytes spliced are what a tree would have given.
final class StoredObjectTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long REVISION = 7;
  private static final String FIELDS =
      "\"managedFields\":[{\"fieldsV1\":{\"k:{\\\"name\\\":\\\"a]}\\\"}\":{},\"f:data\":{}}}]";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\"name\":\"a\"",
        "\"name\":\"a\",\"labels\":{\"x\":\"}\\\"managedFields\\\":[\"}",
        "\"name\":\"a\\\\\",\"finalizers\":[\"b\",\"]\"],\"generation\":3",
        "FIELDS",
        "\"name\":\"a\",FIELDS",
        "FIELDS,\"name\":\"a\"",
        "\"name\":\"a\",FIELDS,\"uid\":\"b\"",
      })
  void everyFormHoldsTheSameObject(String metadata) throws IOException {
    String json =
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"
            + metadata.replace("FIELDS", FIELDS)
            + "},\"data\":{\"k\":\"v\"}}";
    StoredObject object =
        StoredObject.of(new Entry("/k", json.getBytes(StandardCharsets.UTF_8), 1, REVISION));
    ObjectNode expected = (ObjectNode) JSON.readTree(json);
    assertThat(object.shared()).isEqualTo(expected);

    ((ObjectNode) expected.get("metadata")).put("resourceVersion", "7");
    assertThat(object.toTree()).isEqualTo(expected);
    assertThat(event(object, false)).isEqualTo(expected);

    ObjectNode bare = expected.deepCopy();
    ((ObjectNode) bare.get("metadata")).remove("managedFields");
    assertThat(event(object, true)).isEqualTo(bare);
    assertThat(partial(object, false)).isEqualTo(expected.get("metadata"));
    assertThat(partial(object, true)).isEqualTo(bare.get("metadata"));
  }

  private static ObjectNode event(StoredObject object, boolean bare) throws IOException {
    ByteBuffer bytes = object.event("MODIFIED", REVISION, bare);
    ObjectNode event = (ObjectNode) JSON.readTree(bytes.array());
    assertThat(event.path("type").asText()).isEqualTo("MODIFIED");
    return (ObjectNode) event.get("object");
  }

  private static ObjectNode partial(StoredObject object, boolean bare) throws IOException {
    Chunks out = new Chunks();
    object.writePartial(out, REVISION, bare);
    ObjectNode partial = (ObjectNode) JSON.readTree(out.toByteArray());
    assertThat(partial.path("kind").asText()).isEqualTo("PartialObjectMetadata");
    return (ObjectNode) partial.get("metadata");
  }
}
