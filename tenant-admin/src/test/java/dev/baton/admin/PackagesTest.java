package dev.baton.admin;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

class PackagesTest {

  static {
    // The rules ask about Baton's own classes; reading all of Spring would take ten seconds.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
  }

  private final JavaClasses classes =
      new ClassFileImporter()
          .importUrl(
              TenantAdminConfiguration.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void capabilitiesDoNotDependOnEachOtherInCircles() {
    slices().matching("dev.baton.admin.(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void theEngineIsUsedThroughItsDoorOnly() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.baton.engine.*..", "dev.baton.cuda..", "dev.baton.platform..")
        .check(classes);
  }
}
