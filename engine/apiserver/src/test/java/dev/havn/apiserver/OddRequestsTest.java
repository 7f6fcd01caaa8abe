// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests that random ones have shown; what is expected is what kube-apiserver answers to them.
class OddRequestsTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String UNKNOWN_FORMAT =
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
  private static final String OTHER_FORMS =
      "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
  private static final String META = ";v=v1;g=meta.k8s.io";

  private final TestApi api = new TestApi();

  @BeforeEach
  void aMap() {
    api.post(MAPS, "{\"metadata\":{\"name\":\"a\"}}");
  }

  @ParameterizedTest
  @CsvSource({
    "abc, \"abc\", invalid syntax",
    "-1, \"-1\", invalid syntax",
    "1e9, \"1e9\", invalid syntax",
    "99999999999999999999, \"99999999999999999999\", value out of range"
  })
  void aRevisionIsAnUnsignedNumber(String asked, String shown, String problem) {
    String words = "strconv.ParseUint: parsing " + shown + ": " + problem;
    String ofParameter = "resourceVersion: Invalid value: " + shown + ": " + words;
    assertAnswer(ask("GET", MAPS + "/a", "resourceVersion", asked), 500, ofParameter);
    assertAnswer(ask("GET", "/api/v1/nodes/x/status", "resourceVersion", asked), 500, ofParameter);
    assertAnswer(
        ask("GET", "/api/v1/namespaces/default/events/x", "resourceVersion", asked),
        400,
        "invalid resource version: " + ofParameter);
    String body = "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"" + asked + "\"}}";
    assertAnswer(api.put(MAPS + "/a", body), 500, words);
    assertThat(api.post(MAPS, body.replace("\"a\"", "\"b\"")).status()).isEqualTo(201);
  }

  @Test
  void aRevisionOf64BitsIsYetToCome() {
    assertThat(ask("GET", MAPS, "resourceVersion", "18446744073709551615").message())
        .startsWith("Timeout: Too large resource version: 18446744073709551615, current: ");
  }

  @ParameterizedTest
  @CsvSource({
    "Orphan, invalid duration \"Orphan\"",
    "1, missing unit in duration \"1\"",
    "0x10, unknown unit \"x\" in duration \"0x10\"",
    "1h-, unknown unit \"h-\" in duration \"1h-\"",
    "-, invalid duration \"-\""
  })
  void aTimeoutIsADuration(String asked, String problem) {
    assertAnswer(
        ask("GET", MAPS + "/a", "timeout", asked),
        400,
        "invalid timeout specified in the request URL - time: " + problem);
    assertThat(ask("GET", MAPS + "/a", "timeout", "1m30s").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({"%, may not contain '%'", ".., may not be '..'"})
  void aNameCouldBeAPartOfAPath(String name, String problem) {
    String message = "Name parameter invalid: \"" + name + "\": " + problem;
    assertAnswer(api.get(MAPS + "/" + name), 400, message);
    assertAnswer(api.delete(MAPS + "/" + name), 400, message);
    assertAnswer(api.get("/api/v1/nodes/" + name + "/status"), 400, message);
  }

  @Test
  void nothingIsBelowAPartOfAnObject() {
    TestApi.Answer answer = api.get("/api/v1/nodes/a/status/attach");
    assertAnswer(answer, 404, "the server could not find the requested resource");
  }

  @ParameterizedTest
  @CsvSource({
    "d, amd64, d (amd64)",
    "d, '', d",
    "'', amd64, <unknown> (amd64)",
    "'', '', <unknown>"
  })
  void theKernelOfANodeIsShownWithItsArchitecture(String kernel, String machine, String shown) {
    api.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    String status =
        "{\"status\":{\"nodeInfo\":{\"kernelVersion\":\"%s\",\"architecture\":\"%s\"}}}";
    api.patch("merge-patch+json", "/api/v1/nodes/n/status", status.formatted(kernel, machine));
    TestApi.Answer answer =
        api.ask("GET", "/api/v1/nodes/n")
            .header("accept", "application/json;as=Table" + META)
            .send();
    assertThat(answer.json().at("/rows/0/cells/8").asText()).isEqualTo(shown);
  }

  @Test
  void nothingIsWatchedBelowAnObject() {
    for (String each : new String[] {"nodes/n/proxy", "nodes/n/status"}) {
      String path = "/api/v1/watch/" + each;
      assertAnswer(api.get(path), 404, "the server could not find the requested resource");
      assertAnswer(api.post(path, "{}"), 404, "the server could not find the requested resource");
    }
  }

  @Test
  void aWatchByPathOnlyReads() {
    String path = "/api/v1/watch/namespaces/default/configmaps";
    assertAnswer(
        api.post(path, "{\"metadata\":{\"name\":\"b\"}}"),
        405,
        "the server does not allow this method on the requested resource");
    assertThat(api.get(MAPS + "/b").status()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json;charset=x;;=",
        "application/json;a",
        "application/json, application/yaml",
        "application/apply-patch+yaml",
        "text/yaml",
        "text/plain",
        "a",
        ";"
      })
  void anObjectHasAMediaType(String type) {
    TestApi.Answer answer =
        api.ask("POST", MAPS).header("content-type", type).body("{\"metadata\":{}}").send();
    assertAnswer(answer, 415, UNKNOWN_FORMAT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json; charset=utf-16",
        "application/JSON",
        "application/json;",
        "application/json; a=\"b;\\\"c\""
      })
  void parametersOfAMediaTypeDoNotMatter(String type) {
    TestApi.Answer answer =
        api.ask("POST", MAPS)
            .header("content-type", type)
            .body("{\"metadata\":{\"name\":\"b\"}}")
            .send();
    assertThat(answer.status()).isEqualTo(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/*", "application/JSON", "text/yaml", "text/*"})
  void aFormIsNamedToTheLetter(String accepted) {
    assertThat(api.ask("GET", MAPS + "/a").header("accept", accepted).send().message())
        .startsWith("406: Not Acceptable\n");
  }

  @Test
  void someFormsCannotBeHad() {
    for (String each :
        new String[] {
          "application/yaml;stream=watch", "application/vnd.kubernetes.protobuf;as=Table" + META
        }) {
      assertAnswer(api.ask("GET", MAPS).header("accept", each).send(), 406, OTHER_FORMS);
    }
    assertAnswer(
        api.ask("GET", MAPS)
            .header("accept", "application/json;as=PartialObjectMetadata" + META)
            .send(),
        406,
        "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)");
    assertAnswer(
        api.ask("GET", MAPS + "/a")
            .header("accept", "application/json;as=PartialObjectMetadataList" + META)
            .send(),
        406,
        "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)");
  }

  @Test
  void aServiceWithoutEndpointsIsNotFoundByItsProxy() {
    String services = "/api/v1/namespaces/default/services";
    api.post(services, "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}");
    assertAnswer(api.get(services + "/s/proxy"), 404, "services \"s\" not found");
    api.post("/api/v1/namespaces/default/endpoints", "{\"metadata\":{\"name\":\"s\"}}");
    assertAnswer(api.get(services + "/s/proxy"), 503, "no endpoints available for service \"s\"");
  }

  @Test
  void aPartThatIsAppliedBelongsToAnObjectThatIsThere() {
    TestApi.Answer answer =
        api.patch(
            "apply-patch+yaml",
            "/api/v1/nodes/n/status?fieldManager=m",
            "{kind: Node, apiVersion: v1, metadata: {name: m}, spec: 7}");
    assertAnswer(answer, 404, "nodes \"n\" not found");
  }

  @Test
  void whatAnApplierMayNotSetIsNotLookedAt() {
    String sets = "/apis/apps/v1/namespaces/default/replicasets/";
    String set =
        "{kind: ReplicaSet, apiVersion: apps/v1, metadata: {name: r}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}, status: {availableReplicas: 3000000000}}";
    assertThat(api.patch("apply-patch+yaml", sets + "r?fieldManager=m", set).status())
        .isEqualTo(201);
    assertAnswer(
        api.patch("apply-patch+yaml", sets + "other?fieldManager=m", set),
        400,
        "the name of the object (r) does not match the name on the URL (other)");
  }

  @ParameterizedTest
  @CsvSource({"3000000000, -1294967296", "9223372036854775807, -1"})
  void anAppliedNumberThatIsTooLargeLosesItsUpperBits(String given, String taken) {
    TestApi.Answer answer =
        api.patch(
            "apply-patch+yaml",
            "/apis/apps/v1/namespaces/default/deployments/d?fieldManager=m",
            "{kind: Deployment, apiVersion: apps/v1, metadata: {name: d}, spec: {replicas: %s}}"
                .formatted(given));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .contains(
            "spec.replicas: Invalid value: %s: must be greater than or equal to 0"
                .formatted(taken));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"op\":\"copy\",\"path\":\"/data\",\"from\":\"\"}",
        "{\"op\":\"copy\",\"path\":\"/data\"}",
        "{\"op\":\"move\",\"path\":\"/data\",\"from\":\"\"}",
        "{\"op\":\"move\",\"path\":\"/data\"}"
      })
  void aWholeObjectIsNotCopiedIntoItself(String operation) {
    assertAnswer(
        api.patch("json-patch+json", MAPS + "/a", "[" + operation + "]"),
        422,
        "the server rejected our request due to an error in our request");
  }

  @Test
  void aNodeWithoutAddressesCannotBeReached() {
    api.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    assertAnswer(
        api.get("/api/v1/nodes/n/proxy/healthz"),
        500,
        "no preferred addresses found; known addresses: []");
  }

  @Test
  void nothingIsAccepted() {
    assertAnswer(
        api.ask("GET", MAPS).header("accept", ";").send(),
        406,
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
  }

  @Test
  void whichPatchItIsComesBeforeTheFormOfTheAnswer() {
    for (String type : new String[] {"application/json", "application/yaml", "text/plain"}) {
      TestApi.Answer answer =
          api.ask("PATCH", MAPS + "/a")
              .header("accept", "text/html")
              .header("content-type", type)
              .body("{}")
              .send();
      assertAnswer(answer, 415, "415: Unsupported Media Type");
    }
  }

  @Test
  void aNameThatCannotBeIsToldAfterTheFormAndTheNameInTheBody() {
    assertThat(api.ask("GET", MAPS + "/.").header("accept", "text/html").send().status())
        .isEqualTo(406);
    assertAnswer(
        api.put(MAPS + "/.", "{\"metadata\":{\"name\":\"a\"}}"),
        400,
        "the name of the object (a) does not match the name on the URL (.)");
  }

  @Test
  void theFormOfANewObjectComesBeforeTheOptions() {
    TestApi.Answer answer =
        api.ask("POST", MAPS + "?fieldValidation=x")
            .header("content-type", "text/plain")
            .body("{}")
            .send();
    assertAnswer(answer, 415, UNKNOWN_FORMAT);
  }

  @ParameterizedTest
  @CsvSource({
    "9223372036854775809, invalid duration",
    "-99999999999999999999, invalid duration",
    "-9223372036854775808, missing unit in duration"
  })
  void aDurationHasALimit(String asked, String problem) {
    assertAnswer(
        ask("GET", MAPS + "/a", "timeout", asked),
        400,
        "invalid timeout specified in the request URL - time: %s \"%s\"".formatted(problem, asked));
  }

  @Test
  void whatATableBringsIsOneOfFour() {
    TestApi.Answer answer =
        api.ask("GET", MAPS + "?includeObject=Zork")
            .header("accept", "application/json;as=Table" + META)
            .send();
    assertAnswer(
        answer,
        400,
        "Unable to convert to Table as requested: includeObject: Invalid value: \"Zork\": must be 'Metadata', 'Object', 'None', or empty");
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v1/namespaces/default/endpoints, 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'",
    "/api/v1/namespaces/default/endpoints/none, 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'",
    "/api/v1/componentstatuses, v1 ComponentStatus is deprecated in v1.19+"
  })
  void oldKindsAreWarnedOf(String path, String warning) {
    assertThat(api.get(path).warnings()).containsExactly("299 - \"" + warning + "\"");
  }

  /// Clients see by it when objects are stored in another version.
  @ParameterizedTest
  @CsvSource({
    "/api/v1, pods, xPOwRZ+Yhw8=",
    "/apis/events.k8s.io/v1, events, r2yiGXH7wu8=",
    "/apis/autoscaling/v1, horizontalpodautoscalers, qwQve8ut294=",
    "/apis/apiextensions.k8s.io/v1, customresourcedefinitions, jfWCUB31mvA="
  })
  void theVersionInWhichObjectsAreStoredHasAHash(String group, String plural, String hash) {
    for (JsonNode each : api.get(group).json().path("resources")) {
      if (each.path("name").asText().equals(plural)) {
        assertThat(each.path("storageVersionHash").asText()).isEqualTo(hash);
        return;
      }
    }
    throw new AssertionError(group + " has no " + plural);
  }

  @Test
  void aStatusHasRules() {
    String ingresses = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    api.post(
        ingresses,
        "{\"metadata\":{\"name\":\"i\"},\"spec\":{\"defaultBackend\":{\"service\":{\"name\":\"a\",\"port\":{\"number\":80}}}}}");
    assertThat(
            refusal(
                ingresses + "/i/status",
                "{\"loadBalancer\":{\"ingress\":[{\"ip\":\"zz\",\"hostname\":\"1.2.3.4\"}]}}"))
        .isEqualTo(
            "Ingress.networking.k8s.io \"i\" is invalid: [status.loadBalancer.ingress[0].ip: Invalid value: \"zz\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff), status.loadBalancer.ingress[0].hostname: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address]");
    String schemas = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";
    api.post(
        schemas,
        "{\"metadata\":{\"name\":\"f\"},\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"a\"}}}");
    assertThat(
            refusal(
                schemas + "/f/status",
                "{\"conditions\":[{\"type\":\"\"},{\"type\":\"a\"},{\"type\":\"a\"}]}"))
        .isEqualTo(
            "FlowSchema.flowcontrol.apiserver.k8s.io \"f\" is invalid: [status.conditions[0].type: Required value, status.conditions[2].type: Duplicate value: \"a\"]");
  }

  private String refusal(String path, String status) {
    TestApi.Answer answer = api.patch("merge-patch+json", path, "{\"status\":" + status + "}");
    assertThat(answer.status()).isEqualTo(422);
    return answer.message();
  }

  @Test
  void theWholeOfProcIsForUsersOfThePodsOwn() {
    String pod =
        """
        {"metadata":{"name":"p"},"spec":{"hostUsers":%s,"containers":[
         {"name":"c","image":"i","securityContext":{"procMount":"Unmasked"}}]}}
        """;
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    String pods = "/api/v1/namespaces/default/pods?dryRun=All";
    assertThat(api.post(pods, pod.formatted("true")).message())
        .isEqualTo(
            "Pod \"p\" is invalid: spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`");
    assertThat(api.post(pods, pod.formatted("false")).status()).isEqualTo(201);
  }

  private TestApi.Answer ask(String method, String path, String parameter, String value) {
    return api.ask(method, path + "?" + parameter + "=" + value).send();
  }

  private static void assertAnswer(TestApi.Answer answer, int status, String message) {
    assertThat(answer.message()).isEqualTo(message);
    assertThat(answer.status()).isEqualTo(status);
  }
}
