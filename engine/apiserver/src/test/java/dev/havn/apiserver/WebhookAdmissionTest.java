// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.Call;
import dev.havn.apiserver.resource.NodeSessions;
import dev.havn.apiserver.webhook.WebhookServer;
import dev.havn.apiserver.webhook.WebhookServer.Asked;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Admission webhooks, as a client of the API and a real HTTPS server see them. What is expected
/// was compared with kube-apiserver 1.36.
class WebhookAdmissionTest {
  private static final String CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/";
  private static final String NAMESPACE = "/api/v1/namespaces/default/";
  private static final String MAPS = NAMESPACE + "configmaps";
  private static final String HPAS =
      "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";

  /// A node that says of every pod that it is where its status says.
  private static final class Node implements NodeSessions {
    @Override
    public void serve(Call call, ObjectNode pod, Response response) {
      response.send(200, new Headers(), List.of());
    }

    @Override
    public boolean isAt(ObjectNode pod, String address) {
      return true;
    }
  }

  @TempDir private Path folder;
  private final TestApi api = new TestApi(new Node());
  private WebhookServer server;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    server = new WebhookServer(folder, List.of("hook.default.svc"), List.of("127.0.0.1"));
    api.post(NAMESPACE + "serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static Reply said(Asked asked, String more) {
    return Reply.json(
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{\"uid\":%s,%s}}"
            .formatted(asked.body().path("request").path("uid"), more));
  }

  private static Function<Asked, Reply> saying(String more) {
    return asked -> said(asked, more);
  }

  private static Function<Asked, Reply> patching(String patch) {
    String text = Base64.getEncoder().encodeToString(patch.getBytes(StandardCharsets.UTF_8));
    return saying("\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"" + text + "\"");
  }

  private String hook(String path, String rule, String more) {
    return """
        {"name":"a.b.c","admissionReviewVersions":["v1"],"sideEffects":"None",
         "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[%s]%s}
        """
        .formatted(server.url(path), server.caBundle(), rule, more);
  }

  private static String rule(String operation, String group, String resource) {
    return "{\"operations\":[\"%s\"],\"apiGroups\":[\"%s\"],\"apiVersions\":[\"*\"],\"resources\":[\"%s\"]}"
        .formatted(operation, group, resource);
  }

  private void register(String kind, String name, String webhooks) {
    TestApi.Answer answer =
        api.post(
            CONFIGURATIONS + kind + "webhookconfigurations",
            "{\"metadata\":{\"name\":\"%s\"},\"webhooks\":[%s]}".formatted(name, webhooks));
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  private void validate(String path, String operation, String resource) {
    register("validating", "v", hook(path, rule(operation, "*", resource), ""));
  }

  private TestApi.Answer create(String name) {
    return api.post(
        MAPS, "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"v\"}}".formatted(name));
  }

  private JsonNode asked() {
    return server.asked().getLast().body().path("request");
  }

  @Test
  void aRefusalKeepsItsWordsCodeAndDetails() {
    server.on(
        "/deny",
        saying(
            "\"allowed\":false,\"status\":{\"code\":418,\"reason\":\"Teapot\",\"message\":\"short\",\"details\":{\"kind\":\"x\"}}"));
    validate("/deny", "CREATE", "configmaps");
    TestApi.Answer answer = create("a");
    assertThat(answer.status()).isEqualTo(418);
    assertThat(answer.message()).isEqualTo("admission webhook \"a.b.c\" denied the request: short");
    assertThat(answer.reason()).isEqualTo("Teapot");
    assertThat(answer.json().path("details").path("kind").asText()).isEqualTo("x");
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(404);
  }

  @Test
  void aRefusalWithoutWordsIsABadRequest() {
    server.on("/deny", saying("\"allowed\":false"));
    validate("/deny", "CREATE", "configmaps");
    TestApi.Answer answer = create("a");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo("admission webhook \"a.b.c\" denied the request without explanation");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"response":{"uid":"x","allowed":true}}       | received invalid webhook response: expected response.uid=
          {}                                            | received invalid webhook response: webhook response was absent
          {"apiVersion":"admission.k8s.io/v1beta1"}     | failed to call webhook: converting (v1beta1.AdmissionReview)
          hello                                         | failed to call webhook: couldn't get version/kind
          """)
  void anAnswerThatIsNoneFailsTheWrite(String body, String words) {
    server.on("/odd", Reply.json(body));
    validate("/odd", "CREATE", "configmaps");
    TestApi.Answer answer = create("a");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.reason()).isEqualTo("InternalError");
    assertThat(answer.message())
        .startsWith("Internal error occurred: failed calling webhook \"a.b.c\": " + words);
  }

  @Test
  void aFailureMayBeIgnored() {
    server.on("/odd", Reply.json("{}"));
    String ignoring = hook("/odd", rule("*", "*", "*"), ",\"failurePolicy\":\"Ignore\"");
    register("validating", "v", ignoring);
    register("mutating", "m", ignoring);
    assertThat(create("a").status()).isEqualTo(201);
    assertThat(server.asked()).hasSize(2);
  }

  @Test
  void aWebhookHoldsFromItsRegistrationToItsDeletion() {
    server.on("/deny", saying("\"allowed\":false"));
    assertThat(create("before").status()).isEqualTo(201);
    validate("/deny", "CREATE", "configmaps");
    assertThat(create("during").status()).isEqualTo(400);
    api.delete(CONFIGURATIONS + "validatingwebhookconfigurations/v");
    assertThat(create("after").status()).isEqualTo(201);
  }

  @Test
  void webhooksDoNotDecideAboutWebhooks() {
    server.on("/deny", saying("\"allowed\":false"));
    validate("/deny", "*", "*");
    assertThat(api.delete(CONFIGURATIONS + "validatingwebhookconfigurations/v").status())
        .isEqualTo(200);
  }

  @Test
  void patchesAreAppliedInTheOrderOfNames() {
    server.on("/one", patching("[{\"op\":\"add\",\"path\":\"/data/order\",\"value\":\"1\"}]"));
    server.on(
        "/two",
        asked ->
            patching(
                    "[{\"op\":\"replace\",\"path\":\"/data/order\",\"value\":\"%s2\"}]"
                        .formatted(
                            asked
                                .body()
                                .path("request")
                                .path("object")
                                .path("data")
                                .path("order")
                                .asText()))
                .apply(asked));
    register("mutating", "m2", hook("/two", rule("CREATE", "", "configmaps"), ""));
    register("mutating", "m1", hook("/one", rule("CREATE", "", "configmaps"), ""));
    assertThat(create("a").json().path("data").path("order").asText()).isEqualTo("12");
    assertThat(api.get(MAPS + "/a").json().path("data").path("order").asText()).isEqualTo("12");
  }

  @Test
  void whoWantsToIsAskedAgainAfterOthersChangedTheObject() {
    server.on(
        "/count",
        asked ->
            patching(
                    "[{\"op\":\"add\",\"path\":\"/data/n%d\",\"value\":\"\"}]"
                        .formatted(server.asked().size()))
                .apply(asked));
    server.on("/once", patching("[{\"op\":\"add\",\"path\":\"/data/once\",\"value\":\"\"}]"));
    String again = ",\"reinvocationPolicy\":\"IfNeeded\"";
    register("mutating", "m1", hook("/count", rule("CREATE", "", "configmaps"), again));
    register("mutating", "m2", hook("/once", rule("CREATE", "", "configmaps"), ""));
    JsonNode data = create("a").json().path("data");
    assertThat(server.asked()).extracting(Asked::path).containsExactly("/count", "/once", "/count");
    assertThat(data.has("n1") && data.has("n3") && data.has("once")).isTrue();
  }

  @Test
  void thePluginsOfTheServerSeeWhatWebhooksMade() {
    server.on(
        "/sidecar",
        patching(
            "[{\"op\":\"add\",\"path\":\"/spec/containers/-\",\"value\":{\"name\":\"s\",\"image\":\"i\"}}]"));
    register("mutating", "m", hook("/sidecar", rule("CREATE", "", "pods"), ""));
    JsonNode pod =
        api.post(
                NAMESPACE + "pods",
                "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}")
            .json();
    JsonNode sidecar = pod.path("spec").path("containers").path(1);
    assertThat(sidecar.path("imagePullPolicy").asText()).isEqualTo("Always");
    assertThat(sidecar.path("volumeMounts").path(0).path("mountPath").asText())
        .isEqualTo("/var/run/secrets/kubernetes.io/serviceaccount");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [{"op":"remove","path":"/data/none"}]              | error in remove for path: '/data/none'
          [{"op":"add","path":"/data/x","value":5}]          | json: cannot unmarshal number
          """)
  void aPatchThatDoesNotFitFailsTheWrite(String patch, String words) {
    server.on("/patch", patching(patch));
    register("mutating", "m", hook("/patch", rule("CREATE", "", "configmaps"), ""));
    TestApi.Answer answer = create("a");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.message()).startsWith("Internal error occurred: " + words);
  }

  @Test
  void aPatchOfADeleteIsRefused() {
    server.on("/patch", patching("[{\"op\":\"add\",\"path\":\"/data/x\",\"value\":\"\"}]"));
    create("a");
    register("mutating", "m", hook("/patch", rule("DELETE", "", "configmaps"), ""));
    assertThat(api.delete(MAPS + "/a").message())
        .endsWith("attempted to modify the object, which is not supported for this operation");
    assertThat(asked().path("object").isNull()).isTrue();
    assertThat(asked().path("oldObject").path("data").path("k").asText()).isEqualTo("v");
  }

  @Test
  void aDryRunIsSaidToBeOne() {
    server.on("/allow", saying("\"allowed\":true"));
    validate("/allow", "CREATE", "configmaps");
    assertThat(api.post(MAPS + "?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}").status())
        .isEqualTo(201);
    assertThat(asked().path("dryRun").asBoolean()).isTrue();
    api.patch(
        "json-patch+json",
        CONFIGURATIONS + "validatingwebhookconfigurations/v",
        "[{\"op\":\"replace\",\"path\":\"/webhooks/0/sideEffects\",\"value\":\"NoneOnDryRun\"}]");
    assertThat(api.post(MAPS + "?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}").status())
        .isEqualTo(201);
    assertThat(server.asked()).hasSize(2);
  }

  @Test
  void aNameThatTheServerMakesIsShownWhenTheObjectIsComplete() {
    server.on("/allow", saying("\"allowed\":true"));
    register("mutating", "m", hook("/allow", rule("CREATE", "", "configmaps"), ""));
    validate("/allow", "CREATE", "configmaps");
    String name =
        api.post(MAPS, "{\"metadata\":{\"generateName\":\"g-\"}}")
            .json()
            .path("metadata")
            .path("name")
            .asText();
    JsonNode first = server.asked().getFirst().body().path("request");
    assertThat(first.has("name") || first.path("object").path("metadata").has("name")).isFalse();
    assertThat(first.path("object").path("metadata").has("uid")).isFalse();
    assertThat(asked().path("name").asText()).isEqualTo(name);
    assertThat(asked().path("object").path("metadata").has("uid")).isTrue();
  }

  @Test
  void selectorsChoose() {
    server.on("/deny", saying("\"allowed\":false"));
    String selectors =
        """
        ,"namespaceSelector":{"matchLabels":{"watched":"yes"}}
        ,"objectSelector":{"matchExpressions":[{"key":"skip","operator":"DoesNotExist"}]}
        """;
    register("validating", "v", hook("/deny", rule("CREATE", "", "configmaps"), selectors));
    assertThat(create("a").status()).isEqualTo(201);
    api.patch(
        "merge-patch+json",
        "/api/v1/namespaces/default",
        "{\"metadata\":{\"labels\":{\"watched\":\"yes\"}}}");
    assertThat(create("b").status()).isEqualTo(400);
    assertThat(
            api.post(MAPS, "{\"metadata\":{\"name\":\"c\",\"labels\":{\"skip\":\"\"}}}").status())
        .isEqualTo(201);
  }

  @Test
  void anotherVersionOfTheSameObjectCountsUnlessOnlyExactOnesDo() {
    server.on("/allow", saying("\"allowed\":true"));
    String rule =
        "{\"operations\":[\"CREATE\"],\"apiGroups\":[\"autoscaling\"],\"apiVersions\":[\"v2\"],\"resources\":[\"*\"]}";
    register("validating", "v", hook("/allow", rule, ""));
    register("validating", "w", hook("/allow", rule, ",\"matchPolicy\":\"Exact\""));
    TestApi.Answer answer =
        api.post(
            HPAS,
            "{\"metadata\":{\"name\":\"h\"},\"spec\":{\"maxReplicas\":2,\"targetCPUUtilizationPercentage\":50,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"d\"}}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    assertThat(server.asked()).hasSize(1);
    assertThat(asked().path("kind").path("version").asText()).isEqualTo("v2");
    assertThat(asked().path("requestKind").path("version").asText()).isEqualTo("v1");
    assertThat(asked().path("object").path("spec").has("metrics")).isTrue();
  }

  @Test
  void warningsReachTheClient() {
    server.on("/warn", saying("\"allowed\":true,\"warnings\":[\"careful\",\"careful\"]"));
    validate("/warn", "CREATE", "configmaps");
    assertThat(create("a").warnings()).containsExactly("299 - \"careful\"");
  }

  @Test
  void whatIsOpenedInAPodIsAskedAboutBeforeThePodIsLookedFor() {
    server.on("/deny", saying("\"allowed\":false,\"status\":{\"message\":\"closed\"}"));
    validate("/deny", "CONNECT", "pods/exec");
    assertThat(api.post(NAMESPACE + "pods/none/exec?command=ls&command=-l&tty=true", "").message())
        .isEqualTo("admission webhook \"a.b.c\" denied the request: closed");
    assertThat(asked().path("object").toString())
        .isEqualTo(
            "{\"kind\":\"PodExecOptions\",\"apiVersion\":\"v1\",\"tty\":true,\"command\":[\"ls\",\"-l\"]}");
  }

  @Test
  void aScaleIsAskedAboutAsAScale() {
    String deployments = "/apis/apps/v1/namespaces/default/deployments";
    api.post(
        deployments,
        "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}");
    server.on("/half", patching("[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3}]"));
    register("mutating", "m", hook("/half", rule("UPDATE", "apps", "deployments/*"), ""));
    api.patch("merge-patch+json", deployments + "/d/scale", "{\"spec\":{\"replicas\":6}}");
    assertThat(server.asked()).hasSize(1);
    assertThat(asked().path("object").path("kind").asText()).isEqualTo("Scale");
    assertThat(asked().path("object").path("spec").path("replicas").asInt()).isEqualTo(6);
    assertThat(api.get(deployments + "/d").json().path("spec").path("replicas").asInt())
        .isEqualTo(3);
  }

  @Test
  void aServiceLeadsToAPodThatIsReady() {
    server.on("/allow", saying("\"allowed\":false,\"status\":{\"message\":\"by the pod\"}"));
    api.post(
        NAMESPACE + "services",
        "{\"metadata\":{\"name\":\"hook\"},\"spec\":{\"ports\":[{\"port\":443}]}}");
    String webhook =
        """
        {"name":"a.b.c","admissionReviewVersions":["v1"],"sideEffects":"None",
         "clientConfig":{"service":{"namespace":"default","name":"hook","path":"/allow"},"caBundle":"%s"},
         "rules":[%s]}
        """
            .formatted(server.caBundle(), rule("CREATE", "", "configmaps"));
    register("validating", "v", webhook);
    assertThat(create("a").message())
        .isEqualTo(
            "Internal error occurred: failed calling webhook \"a.b.c\": failed to call webhook: Post \"https://hook.default.svc:443/allow?timeout=10s\": no endpoints available for service \"hook\"");
    api.post(
        NAMESPACE + "pods",
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    api.post(
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        """
        {"metadata":{"name":"s","labels":{"kubernetes.io/service-name":"hook"}},"addressType":"IPv4",
         "ports":[{"name":"","port":%d}],
         "endpoints":[{"addresses":["127.0.0.1"],"targetRef":{"kind":"Pod","name":"p"}}]}
        """
            .formatted(server.port()));
    assertThat(create("a").message()).endsWith("denied the request: by the pod");
  }
}
