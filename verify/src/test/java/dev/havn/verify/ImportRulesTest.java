// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Who may import whom (ARCHITECTURE.md), each rule with its reason.
class ImportRulesTest {
  private static final String[] API_ONLY = {
    "dev.havn.reconcile..",
    "dev.havn.controllers..",
    "dev.havn.scheduler..",
    "dev.havn.node..",
    "dev.havn.network..",
    "dev.havn.ingress.."
  };
  private static final String[] ENGINE = {
    "dev.havn.addresses..",
    "dev.havn.schema..",
    "dev.havn.store..",
    "dev.havn.apiserver..",
    "dev.havn.reconcile..",
    "dev.havn.controllers..",
    "dev.havn.scheduler..",
    "dev.havn.node..",
    "dev.havn.network..",
    "dev.havn.ingress.."
  };

  private static JavaClasses havn;

  @BeforeAll
  static void readAllClasses() {
    havn =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.havn");
  }

  @Test
  void schemaImportsNothingOfHavn() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.havn.schema..")
            .should()
            .dependOnClassesThat(inHavnBut("dev.havn.schema"))
            .because("types as data are pure functions that anything may use"));
  }

  @Test
  void addressesImportNothingOfHavn() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.havn.addresses..")
            .should()
            .dependOnClassesThat(inHavnBut("dev.havn.addresses"))
            .because("ranges of addresses are values that anything may use"));
  }

  @Test
  void storeImportsNothingOfHavn() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.havn.store..")
            .should()
            .dependOnClassesThat(inHavnBut("dev.havn.store"))
            .because("the store keeps bytes and knows no Kubernetes"));
  }

  @Test
  void apiServerStandsOnAddressesSchemaAndStoreOnly() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.havn.apiserver..")
            .should()
            .dependOnClassesThat(
                inHavnBut(
                    "dev.havn.apiserver",
                    "dev.havn.schema",
                    "dev.havn.store",
                    "dev.havn.addresses"))
            .because("controllers and nodes reach it as clients, never the other way round"));
  }

  @Test
  void whatWatchesTheApiSeesOnlyTheApi() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(API_ONLY)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.havn.apiserver..",
                "dev.havn.store..",
                "dev.havn.schema..",
                "dev.havn.server..",
                "dev.havn.cli..")
            .because("each controller must run against any Kubernetes"));
  }

  @Test
  void controllersSchedulerNodeNetworkAndIngressDoNotKnowEachOther() {
    for (String module : new String[] {"controllers", "scheduler", "node", "network", "ingress"}) {
      check(
          noClasses()
              .that()
              .resideInAPackage("dev.havn." + module + "..")
              .should()
              .dependOnClassesThat(
                  inHavnBut("dev.havn." + module, "dev.havn.reconcile", "dev.havn.addresses"))
              .because("they meet as resources in the API"));
    }
  }

  @Test
  void packagesOfWhatWatchesTheApiImportEachOtherInOneDirectionOnly() {
    slices()
        .matching("dev.havn.(**)")
        .should()
        .beFreeOfCycles()
        .because("each can then be read, and changed, by itself")
        .check(havn.that(resideInAnyPackage(API_ONLY)));
  }

  @Test
  void onlyTheServerSeesEngineAndEdges() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("dev.havn.cli..", "dev.havn.junit..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ENGINE)
            .because("the composition root is the one place that knows what a Havn is made of"));
  }

  @Test
  void theEngineTakesItsTimeFromTheInjectedClock() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(ENGINE)
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", java.time.Duration.class)
            .orShould()
            .callMethod(Object.class, "wait", long.class)
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Timer")
            .because("under virtual time one thread runs everything as steps"));
  }

  @Test
  void theEngineUsesNoInformerLeaderElectorOrRetryOfTheClientLibrary() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(ENGINE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.fabric8.kubernetes.client.informers..",
                "io.fabric8.kubernetes.client.extended.leaderelection..")
            .because("they run on threads and clocks of their own"));
  }

  @Test
  void productionClassesDoNotInheritFromEachOther() {
    check(
        classes()
            .that()
            .resideInAPackage("dev.havn..")
            .and()
            // A program wrote it.
            .resideOutsideOfPackage("dev.havn.node.protocol..")
            .should(new ExtendsNothingOfHavn())
            .because("interfaces and composition say what inheritance hides"));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(havn);
  }

  private static com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.JavaClass>
      inHavnBut(String... allowed) {
    return com.tngtech.archunit.base.DescribedPredicate.describe(
        "in Havn outside " + String.join(", ", allowed),
        type ->
            type.getPackageName().startsWith("dev.havn.")
                && java.util.Arrays.stream(allowed)
                    .noneMatch(
                        prefix ->
                            type.getPackageName().equals(prefix)
                                || type.getPackageName().startsWith(prefix + ".")));
  }
}
