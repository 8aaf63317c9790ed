package dev.baton.architecture;

import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.STATIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.regex.Pattern;

/** The arrows of docs/architecture.md, held against the compiled classes of all four modules. */
@AnalyzeClasses(
    packages = "dev.baton",
    importOptions = {
      DoNotIncludeTests.class,
      ArchitectureTest.DoNotIncludeTestJars.class,
      ArchitectureTest.DoNotIncludeGeneratedBeans.class
    })
final class ArchitectureTest {
  private static final String CONDITIONAL = "org.springframework.context.annotation.Conditional";

  /** tenant-admin lends its tests' Redis and engine to this module, in a jar with all its tests. */
  static final class DoNotIncludeTestJars implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("-tests.jar");
    }
  }

  /** Left by an earlier build: code in every package that knows all beans' classes. */
  static final class DoNotIncludeGeneratedBeans implements ImportOption {
    private static final Pattern GENERATED = Pattern.compile(".*__[^/]*\\.class");

    @Override
    public boolean includes(Location location) {
      return !location.matches(GENERATED);
    }
  }

  @ArchTest
  static final ArchRule cudaKnowsNothingAboveIt =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.cuda..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.baton.engine..", "dev.baton.admin..", "dev.baton.platform..");

  @ArchTest
  static final ArchRule engineKnowsNothingAboveIt =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.engine..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.baton.admin..", "dev.baton.platform..");

  @ArchTest
  static final ArchRule adminKnowsNothingAboveIt =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.admin..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.baton.platform..");

  @ArchTest
  static final ArchRule engineIsPlainJava =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.engine..")
          .and()
          .resideOutsideOfPackages("dev.baton.engine.node..", "dev.baton.engine.client..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework..", "reactor..", "io.netty..");

  @ArchTest
  static final ArchRule onlyTheToolsReadJson =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.engine..")
          .and()
          .resideOutsideOfPackages(
              "dev.baton.engine.cli..",
              "dev.baton.engine.bench..",
              "dev.baton.engine.node..",
              "dev.baton.engine.client..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("tools.jackson..", "com.fasterxml.jackson..", "picocli..");

  @ArchTest
  static final ArchRule onlyCudaKnowsJcuda =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.baton.cuda..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jcuda..");

  @ArchTest
  static final ArchRule vectorsStayInTensorAndCpuBackend =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.baton.engine.tensor..", "dev.baton.engine.backend.cpu..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.incubator.vector..");

  @ArchTest
  static final ArchRule thePublicDoorDependsOnNoRoomBehindIt =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.engine")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.baton.engine.(*)..");

  @ArchTest
  static final ArchRule engineHasNoCycles =
      slices().matching("dev.baton.engine.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule adminHasNoCycles =
      slices().matching("dev.baton.admin.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule platformHasNoCycles =
      slices().matching("dev.baton.platform.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule packagesAreCapabilities =
      noClasses()
          .should()
          .resideInAnyPackage(
              "..util..",
              "..utils..",
              "..common..",
              "..helper..",
              "..impl..",
              "..dto..",
              "..service..",
              "..config..");

  @ArchTest
  static final ArchRule namesSayWhatAThingIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Impl|Util|Utils|Helper|Dto|Manager)")
          .orShould()
          .haveSimpleNameStartingWith("Abstract");

  @ArchTest
  static final ArchRule constructorInjectionOnly =
      noFields()
          .should()
          .beAnnotatedWith("org.springframework.beans.factory.annotation.Autowired")
          .orShould()
          .beAnnotatedWith("org.springframework.beans.factory.annotation.Value");

  /** A build asks conditions once for all starts: see GeneratedBeans. */
  @ArchTest
  static final ArchRule settingsChooseNoBeans =
      noClasses().should().beMetaAnnotatedWith(CONDITIONAL);

  @ArchTest
  static final ArchRule settingsChooseNoBeanMethods =
      noMethods().should().beMetaAnnotatedWith(CONDITIONAL);

  @ArchTest
  static final ArchRule noStaticMutableState =
      fields()
          .that()
          .haveModifier(STATIC)
          .and()
          .areDeclaredInClassesThat()
          .resideOutsideOfPackage("..jmh_generated..")
          .should()
          .haveModifier(FINAL);
}
