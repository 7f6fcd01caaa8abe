// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bodies, types and options that no Kubernetes takes, with the words with which it says so.
class BadInputTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String MAP =
      "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}";

  private final TestApi api = new TestApi();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"kind\":\"ConfigMap\",| unexpected end of JSON input ({\"kind\":\"ConfigMap\",)",
        "hello| invalid character 'h' looking for beginning of value (68656c6c6f)",
        "``| unexpected end of JSON input (<empty>)",
        "{\"a\":1,}| invalid character '}' looking for beginning of object key string ({\"a\":1,})",
        "{} x| invalid character 'x' after top-level value ({} x)"
      })
  void textThatIsNoJsonIsUnrecognized(String body, String problem) {
    TestApi.Answer answer = api.post(MAPS, body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.reason()).isEqualTo("BadRequest");
    assertThat(answer.message())
        .isEqualTo(
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
                + problem);
  }

  @Test
  void textThatIsNoYamlNamesTheLine() {
    TestApi.Answer answer =
        api.ask("POST", MAPS)
            .header("content-type", "application/yaml")
            .body("apiVersion: v1\nkind: ConfigMap\n  metadata: x")
            .send();
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "the object provided is unrecognized (must be of type ConfigMap): yaml: line 3: mapping values are not allowed in this context (61706956657273696f6e3a2076310a6b696e643a20436f6e6669674d6170 ...)");
  }

  @Test
  void unknownAndDuplicateFieldsAreNamedInTheirOrder() {
    String body =
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"z\":1,\"z\":2,\"hostNetwork\":true,"
            + "\"hostNetwork\":false,\"y\":1,\"nodeSelector\":{\"a\":\"b\",\"a\":\"c\"}}}";
    TestApi.Answer answer = api.post(PODS + "?fieldValidation=Strict", body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.z\", duplicate field \"spec.hostNetwork\", unknown field \"spec.y\", duplicate field \"spec.nodeSelector.a\"");
  }

  @Test
  void whatStrictValidationRefusesIsElseWarnedOf() {
    TestApi.Answer answer = api.post(MAPS, MAP + ",\"foo\":1,\"data\":{\"a\":\"1\",\"a\":\"2\"}}");
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.warnings())
        .containsExactly(
            "299 - \"unknown field \\\"foo\\\"\"", "299 - \"duplicate field \\\"data.a\\\"\"");
    assertThat(answer.json().path("data").path("a").asText()).isEqualTo("2");
    assertThat(
            api.post(MAPS + "?fieldValidation=Ignore&dryRun=All", MAP + ",\"foo\":1}").warnings())
        .isEmpty();
  }

  @Test
  void keysThatStandTwiceInYamlAreNamedByLine() {
    String body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: b\n  a: c\n";
    TestApi.Answer answer =
        api.ask("POST", MAPS + "?fieldValidation=Strict")
            .header("content-type", "application/yaml")
            .body(body)
            .send();
    assertThat(answer.message())
        .isEqualTo(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 7: key \"a\" already set in map");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"data\":{\"a\":1}| json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        "\"data\":[1]| json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        "\"immutable\":\"x\"| json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"
      })
  void valuesOfAWrongTypeAreRefusedAsGoDoes(String fields, String problem) {
    TestApi.Answer answer = api.post(MAPS, MAP + "," + fields + "}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: " + problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "v1|Pod| Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion",
        "v2|ConfigMap| ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:111\"",
        "apps/v1|ConfigMap| ConfigMap in version \"v1\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"apps/v1\" in scheme \"pkg/runtime/scheme.go:111\""
      })
  void anotherKindThanThePathNamesIsRefused(String version, String kind, String message) {
    TestApi.Answer answer =
        api.post(MAPS, "{\"apiVersion\":\"%s\",\"kind\":\"%s\"}".formatted(version, kind));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).isEqualTo(message);
  }

  @Test
  void aBodyOfMoreThanThreeMebibytesIsTooLarge() {
    TestApi.Answer answer = api.ask("POST", MAPS).body(new byte[(3 << 20) + 1]).send();
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.reason()).isEqualTo("RequestEntityTooLarge");
    assertThat(answer.message()).isEqualTo("Request entity too large: limit is 3145728");
  }

  @Test
  void aFormThatNobodyReadsIsUnsupported() {
    TestApi.Answer answer =
        api.ask("POST", MAPS).header("content-type", "application/xml").body("<a/>").send();
    assertThat(answer.status()).isEqualTo(415);
    assertThat(answer.reason()).isEqualTo("UnsupportedMediaType");
    assertThat(answer.message())
        .isEqualTo(
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }

  @Test
  void aFormThatNobodyWritesIsNotAcceptable() {
    TestApi.Answer answer = api.ask("GET", MAPS + "/a").header("accept", "application/xml").send();
    assertThat(answer.status()).isEqualTo(406);
    assertThat(answer.reason()).isEqualTo("NotAcceptable");
    assertThat(answer.message())
        .isEqualTo(
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "dryRun=Foo|dryRun: Unsupported value: [\"Foo\"]: supported values: \"All\"",
        "fieldValidation=Foo|fieldValidation: Unsupported value: \"Foo\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        "fieldManager=%01|fieldManager: Invalid value: \"\\x01\": invalid character U+0001 (at position 0)"
      })
  void optionsThatDoNotExistAreInvalid(String query, String problem) {
    TestApi.Answer answer = api.post(MAPS + "?" + query, MAP + "}");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.reason()).isEqualTo("Invalid");
    assertThat(answer.message()).isEqualTo("CreateOptions.meta.k8s.io \"\" is invalid: " + problem);
    assertThat(answer.json().path("details").path("kind").asText()).isEqualTo("CreateOptions");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "labelSelector=a%20b%20c|unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        "fieldSelector=abc|invalid selector: 'abc'; can't understand 'abc'",
        "fieldSelector=foo%3Dbar|\"foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        "limit=abc|strconv.ParseInt: parsing \"abc\": invalid syntax",
        "resourceVersion=abc|invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax",
        "continue=abc|invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value"
      })
  void listsBySomethingThatCannotBeUnderstoodAreBadRequests(String query, String message) {
    TestApi.Answer answer = api.get(MAPS + "?" + query);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).isEqualTo(message);
  }

  @Test
  void aSelectorThatCannotBeReadIsToldWhere() {
    assertThat(selected(",a")).isEqualTo("found ',', expected: !, identifier, or 'end of string'");
    assertThat(selected("a,")).isEqualTo("found '', expected: identifier after ','");
    assertThat(selected("!!"))
        .isEqualTo("unable to parse requirement: found '!', expected: identifier");
    assertThat(selected("a===b"))
        .isEqualTo("unable to parse requirement: found '=', expected: identifier");
    assertThat(selected("a+in+(x"))
        .isEqualTo("unable to parse requirement: found '', expected: ',' or ')'");
  }

  private String selected(String selector) {
    return api.get("/api/v1/namespaces/default/configmaps?labelSelector=" + selector).message();
  }
}
