// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.Protobuf;
import dev.havn.schema.codec.Yaml;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Bodies for one request: objects, patches and options in every form, right ones and broken ones.
final class RawBodies {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int DEEP = 20_000;
  private static final int WHOLE_PERCENT = 70;

  private static final List<String> OPTIONS =
      List.of(
          "",
          "",
          "{}",
          "null",
          "[]",
          "{\"gracePeriodSeconds\":0}",
          "{\"gracePeriodSeconds\":-9223372036854775808}",
          "{\"propagationPolicy\":\"Orphan\"}",
          "{\"propagationPolicy\":\"Foreground\",\"orphanDependents\":true}",
          "{\"preconditions\":{\"uid\":\"x\"}}",
          "{\"preconditions\":{\"resourceVersion\":\"x\"}}",
          "{\"dryRun\":[\"All\",\"None\"]}",
          "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}",
          "kind: DeleteOptions\napiVersion: v1\ngracePeriodSeconds: 1",
          "k8s\0\u0001\u0002");

  /// In place of fields of the metadata.
  private static final List<String> METADATA =
      List.of(
          "{resourceVersion: abc}",
          "{resourceVersion: '0'}",
          "{resourceVersion: '-1'}",
          "{resourceVersion: '99999999999999999999'}",
          "{resourceVersion: '1'}",
          "{uid: other}",
          "{name: '', generateName: g-}",
          "{generateName: 'Bad_'}",
          "{namespace: ../a}",
          "{deletionTimestamp: '2026-01-02T03:04:05Z', deletionGracePeriodSeconds: -1}",
          "{finalizers: [foregroundDeletion, orphan]}",
          "{finalizers: ['', a/b/c, example.com/f]}",
          "{ownerReferences: [{apiVersion: v1, kind: Pod, name: f0, uid: x, controller: true}]}",
          "{ownerReferences: [{apiVersion: /, kind: '', name: '', uid: ''}, {}]}",
          "{managedFields: [{}]}",
          "{managedFields: []}",
          "{managedFields: [{manager: m, operation: Apply, apiVersion: v9, fieldsType: FieldsV1,"
              + " fieldsV1: {'f:spec': {'k:{\"name\":1}': {}, 'v:[': {}}}}]}",
          "{managedFields: [{manager: m, operation: Update, apiVersion: v1, fieldsType: FieldsV1,"
              + " fieldsV1: {'f:metadata': {'f:labels': {'.': {}, 'i:x': {}}}}}]}",
          "{annotations: {kubectl.kubernetes.io/last-applied-configuration: '{'}}",
          "{labels: null, annotations: null, selfLink: x, generation: -1}",
          "{creationTimestamp: x}");

  private static final List<String> DIRECTIVES =
      List.of(
          "{$patch: bogus}",
          "{$patch: 1}",
          "{$patch: delete}",
          "{$retainKeys: [a, 1]}",
          "{$retainKeys: x}",
          "{$setElementOrder/containers: [{name: web}, {}]}",
          "{$setElementOrder/containers: x}",
          "{$setElementOrder/finalizers: [a, {b: c}]}",
          "{$deleteFromPrimitiveList/finalizers: [example.com/f]}",
          "{$deleteFromPrimitiveList/finalizers: 7}",
          "{$deleteFromPrimitiveList/containers: [x]}",
          "{containers: [{$patch: replace}, x]}",
          "{containers: [null, {$patch: merge}]}",
          "{containers: {$patch: delete}}");
  private static final List<String> OPERATIONS =
      List.of(
          "[]",
          "{}",
          "[null]",
          "[{\"op\":\"replace\",\"path\":\"\",\"value\":7}]",
          "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]",
          "[{\"op\":\"remove\",\"path\":\"\"}]",
          "[{\"op\":\"add\",\"path\":\"/metadata/labels/a~2b~\",\"value\":\"x\"}]",
          "[{\"op\":\"add\",\"path\":\"metadata\",\"value\":\"x\"}]",
          "[{\"op\":\"add\",\"path\":\"/metadata/finalizers/-1\",\"value\":\"x\"}]",
          "[{\"op\":\"add\",\"path\":\"/spec/containers/99999999999\",\"value\":{}}]",
          "[{\"op\":\"add\",\"path\":\"/metadata/finalizers/1e1\",\"value\":\"x\"}]",
          "[{\"op\":\"copy\",\"path\":\"/metadata/annotations\",\"from\":\"\"}]",
          "[{\"op\":\"copy\",\"path\":\"/metadata/a\"}]",
          "[{\"op\":\"move\",\"path\":\"/metadata/name/x\",\"from\":\"/metadata/name\"}]",
          "[{\"op\":\"move\",\"path\":\"/metadata/x\",\"from\":\"/metadata\"}]",
          "[{\"op\":\"test\",\"path\":\"/metadata/name\",\"value\":null}]",
          "[{\"op\":\"test\",\"path\":\"/no/thing\"}]",
          "[{\"op\":\"replace\",\"path\":\"/metadata/resourceVersion\",\"value\":\"abc\"}]",
          "[{\"op\":\"replace\",\"path\":\"/metadata/managedFields\",\"value\":[{}]}]",
          "[{\"op\":\"replace\",\"path\":\"/metadata\",\"value\":[]}]",
          "[{\"op\":\"remove\",\"path\":\"/metadata\"}]",
          "[{\"op\":\"remove\",\"path\":\"/spec\"}]",
          "[{\"op\":\"replace\",\"path\":\"/kind\",\"value\":\"Other\"}]",
          "[{\"path\":1}]",
          "[{\"op\":1,\"path\":\"/a\"}]");

  private final RandomGenerator random;

  RawBodies(RandomGenerator random) {
    this.random = random;
  }

  /// What a deletion asks for.
  byte[] options() {
    String text = OPTIONS.get(random.nextInt(OPTIONS.size()));
    return random.nextInt(20) > 0 ? utf8(text) : broken(utf8(text));
  }

  /// @param part the subresource that it is sent to, or null
  byte[] body(
      Seeds.Seed seed, String name, String contentType, ResourceType.@Nullable Subresource part) {
    ObjectNode object = seed.object(name);
    Mutation mutation = new Mutation(random);
    for (int left = random.nextInt(3); left > 0; left--) {
      mutation.change(object, seed.type().schema());
    }
    if (random.nextInt(10) == 0 && object.get("metadata") instanceof ObjectNode metadata) {
      metadata.setAll((ObjectNode) yaml(METADATA.get(random.nextInt(METADATA.size()))));
    }
    ObjectNode sent =
        part != null && !part.kind().equals(seed.type().kind()) && random.nextInt(5) > 0
            ? ofPart(part, name)
            : object;
    byte[] bytes = written(seed, sent, name, contentType);
    if (random.nextInt(40) == 0) {
      return compressed(bytes);
    }
    return random.nextInt(100) < WHOLE_PERCENT ? bytes : broken(bytes);
  }

  private ObjectNode ofPart(ResourceType.Subresource part, String name) {
    ObjectNode object = JSON.objectNode();
    object.put("kind", part.kind());
    object.put(
        "apiVersion",
        part.group().isEmpty() ? part.version() : part.group() + "/" + part.version());
    object.putObject("metadata").put("name", name);
    switch (part.kind()) {
      case "Scale" ->
          object.putObject("spec").set("replicas", number(List.of("0", "2", "-1", "1e3", "2.5")));
      case "Binding" ->
          object.putObject("target").put("kind", "Node").put("name", random.nextInt(4) + "");
      case "Eviction" ->
          object.set(
              "deleteOptions",
              yaml("{gracePeriodSeconds: 0, preconditions: {resourceVersion: x}}"));
      case "TokenRequest" ->
          object.set(
              "spec",
              yaml(
                  List.of(
                          "{expirationSeconds: 600}",
                          "{expirationSeconds: -1}",
                          "{expirationSeconds: 9223372036854775807, audiences: ['']}",
                          "{boundObjectRef: {kind: Pod, apiVersion: v1, name: f0, uid: x}}",
                          "{boundObjectRef: {kind: Node, apiVersion: v1, name: f0}}")
                      .get(random.nextInt(5))));
      default -> object.put("spec", random.nextInt());
    }
    return object;
  }

  private JsonNode number(List<String> texts) {
    return yaml(texts.get(random.nextInt(texts.size())));
  }

  private byte[] written(Seeds.Seed seed, ObjectNode object, String name, String contentType) {
    Fragment fragment = new Fragment(random);
    return switch (contentType) {
      case "application/json-patch+json" ->
          utf8(
              random.nextInt(3) > 0
                  ? fragment.operations(object).toString()
                  : OPERATIONS.get(random.nextInt(OPERATIONS.size())));
      case "application/merge-patch+json" -> utf8(fragment.of(object).toString());
      case "application/strategic-merge-patch+json" -> utf8(strategic(fragment, object).toString());
      case "application/vnd.kubernetes.protobuf" ->
          random.nextInt(30) == 0
              ? utf8(object.toString())
              : Protobuf.seal(
                  seed.type().apiVersion(),
                  seed.type().kind(),
                  Protobuf.message(seed.object(name), seed.type().schema()));
      case "application/yaml", "application/apply-patch+yaml" ->
          utf8(random.nextBoolean() ? Yaml.write(object) : object.toString());
      case "application/cbor", "application/apply-patch+cbor" -> binary();
      default -> utf8(object.toString());
    };
  }

  private ObjectNode strategic(Fragment fragment, ObjectNode object) {
    ObjectNode part = fragment.strategic(object);
    if (random.nextInt(5) == 0) {
      String directive = DIRECTIVES.get(random.nextInt(DIRECTIVES.size()));
      ObjectNode to = part;
      for (JsonNode each : part) {
        to = each instanceof ObjectNode inner && random.nextBoolean() ? inner : to;
      }
      to.setAll((ObjectNode) yaml(directive));
    }
    return part;
  }

  /// As CBOR begins, then anything.
  private byte[] binary() {
    byte[] bytes = new byte[3 + random.nextInt(60)];
    random.nextBytes(bytes);
    bytes[0] = (byte) 0xd9;
    bytes[1] = (byte) 0xd9;
    bytes[2] = (byte) 0xf7;
    return bytes;
  }

  private static byte[] compressed(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream to = new GZIPOutputStream(out)) {
      to.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("into memory", e);
    }
    return out.toByteArray();
  }

  private byte[] broken(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return switch (random.nextInt(16)) {
      case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      case 1 -> utf8("[".repeat(1 + random.nextInt(DEEP)));
      case 2 -> utf8("{\"a\":".repeat(1 + random.nextInt(DEEP)));
      case 3 -> latin(text.replaceFirst("[0-9]+", numberLike()));
      case 4 -> latin(text.replace("\"spec\"", "\"spec\":{},\"spec\""));
      case 5 -> utf8(oddYaml());
      case 6 -> latin(text.replaceFirst("\"([a-z])", "\"\\\\ud800$1"));
      case 7 -> latin(text.replaceFirst("[a-z]+\"", "\u0000\"").replaceFirst("\\{", "{ /* */"));
      case 8 -> latin("\u00ef\u00bb\u00bf" + text);
      case 9 -> text.getBytes(StandardCharsets.UTF_16);
      case 10 -> latin(text + random.nextInt(10));
      case 11 -> latin("---\n" + text + "\n---\n" + text);
      default -> scrambled(bytes);
    };
  }

  private String numberLike() {
    return List.of("1e999999", "-0", "1.0", "01", "NaN", "9".repeat(400), "1E2147483648", "0x1")
        .get(random.nextInt(8));
  }

  private String oddYaml() {
    return List.of(
            "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b,*a]\nkind: !!binary x\n",
            "a: &a {b: c}\nd: {<<: *a, e: f}\n? [x, y]\n: z\n",
            "kind: !!python/object:os.system x\nmetadata: !!set {a, b}\n",
            "kind: &k Pod\napiVersion: *z\n",
            "spec: {a: .nan, b: .inf, c: 0o17, d: 1_000, e: 12:30:45, f: ~}\n",
            "a:\tb\n\tc: d\n",
            "%YAML 9.9\n---\na: b\n...\n",
            "a: |\n b\n c: >-\n",
            "1: a\ntrue: b\nnull: c\n2026-01-02: d\n")
        .get(random.nextInt(9));
  }

  private byte[] scrambled(byte[] bytes) {
    byte[] copy = bytes.clone();
    for (int left = 1 + random.nextInt(6); left > 0 && copy.length > 0; left--) {
      copy[random.nextInt(copy.length)] = (byte) random.nextInt(256);
    }
    return copy;
  }

  private static JsonNode yaml(String text) {
    return Yaml.read(utf8(text));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
