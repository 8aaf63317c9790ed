// Stands for libcublasLt over the driver's stand-in: the calls that Baton makes, checked; their failures injected and
// their objects counted as the driver's; and the product computed by the plain formula when its stream runs. Handles
// are addresses of records, so that a mixed-up one is found.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { F32 = 0, BF16 = 14, COMPUTE_F32 = 68, OP_T = 1, DESC_TRANSA = 3, PREFERENCE_WORKSPACE = 1 };

struct Descriptor { uint32_t kind = 0xD; int transposeA = 0; };
struct Layout { uint32_t kind = 0x1A; int type; uint64_t rows, columns; int64_t stride; };
struct Preference { uint32_t kind = 0xF; uint64_t workspaceBytes = 0; };
struct Algorithm { uint64_t mark, unused[7]; };
struct HeuristicResult { Algorithm algorithm; size_t workspaceBytes; int state; float waves; int reserved[4]; };
static_assert(sizeof(HeuristicResult) == 96);
static const uint64_t MARK = 0xA160;

// The driver's stand-in, which is in the process already under its name.
template <class F> static F driver(const char* symbol) {
  static void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  return (F)dlsym(library, symbol);
}
static int enter(const char* symbol) {
  static const auto call = driver<int (*)(const char*)>("fakecuda_enter");
  return call(symbol) ? EXECUTION_FAILED : SUCCESS;
}
static void objects(long made) { driver<void (*)(long)>("fakecuda_objects")(made); }
static bool in_device(const void* at, size_t bytes) {
  static const auto call = driver<int (*)(const void*, size_t)>("fakecuda_in_device");
  return call(at, bytes);
}
#define ENTER(symbol) \
  if (int entered = enter(#symbol)) return entered
template <class T> static int made(T** place, T* object) { return *place = object, objects(1), SUCCESS; }
template <class T> static int destroyed(T* object) { return delete object, objects(-1), SUCCESS; }

static float load(const void* at, int type, uint64_t i) {
  if (type == F32) return ((const float*)at)[i];
  uint32_t bits = uint32_t(((const uint16_t*)at)[i]) << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static void store(void* at, int type, uint64_t i, float value) {
  if (type == F32) {
    ((float*)at)[i] = value;
    return;
  }
  uint32_t bits;
  memcpy(&bits, &value, 4);
  ((uint16_t*)at)[i] = uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

API size_t cublasLtGetVersion() { return 130000; }
API int cublasLtCreate(int** handle) {
  ENTER(cublasLtCreate);
  return made(handle, new int);
}
API int cublasLtDestroy(int* handle) { return destroyed(handle); }
API int cublasLtMatmulDescCreate(Descriptor** d, int compute, int scale) {
  ENTER(cublasLtMatmulDescCreate);
  if (compute != COMPUTE_F32 || scale != F32) return INVALID_VALUE;
  return made(d, new Descriptor);
}
API int cublasLtMatmulDescSetAttribute(Descriptor* d, int attribute, const int* value, size_t bytes) {
  ENTER(cublasLtMatmulDescSetAttribute);
  if (attribute != DESC_TRANSA || bytes != 4) return NOT_SUPPORTED;
  return d->transposeA = *value, SUCCESS;
}
API int cublasLtMatmulDescDestroy(Descriptor* d) { return destroyed(d); }
API int cublasLtMatrixLayoutCreate(Layout** l, int type, uint64_t rows, uint64_t columns, int64_t stride) {
  ENTER(cublasLtMatrixLayoutCreate);
  if ((type != F32 && type != BF16) || stride < int64_t(rows)) return INVALID_VALUE;
  auto* layout = new Layout;
  layout->type = type, layout->rows = rows, layout->columns = columns, layout->stride = stride;
  return made(l, layout);
}
API int cublasLtMatrixLayoutDestroy(Layout* l) { return destroyed(l); }
API int cublasLtMatmulPreferenceCreate(Preference** p) {
  ENTER(cublasLtMatmulPreferenceCreate);
  return made(p, new Preference);
}
API int cublasLtMatmulPreferenceSetAttribute(Preference* p, int attribute, const uint64_t* value, size_t bytes) {
  ENTER(cublasLtMatmulPreferenceSetAttribute);
  if (attribute != PREFERENCE_WORKSPACE || bytes != 8) return INVALID_VALUE;
  return p->workspaceBytes = *value, SUCCESS;
}
API int cublasLtMatmulPreferenceDestroy(Preference* p) { return destroyed(p); }
// Refuses products of one column, as the real one refuses some shapes.
API int cublasLtMatmulAlgoGetHeuristic(int*, Descriptor* d, Layout* a, Layout* b, Layout* c, Layout* out,
                                       Preference* p, int wanted, HeuristicResult* results, int* found) {
  ENTER(cublasLtMatmulAlgoGetHeuristic);
  *found = 0;
  if (d->kind != 0xD || a->kind != 0x1A || p->kind != 0xF || wanted < 1 || c != out) return INVALID_VALUE;
  if (d->transposeA != OP_T || a->rows != b->rows || out->rows != a->columns || out->columns != b->columns) {
    return INVALID_VALUE;
  }
  if (out->rows == 1) return NOT_SUPPORTED;
  memset(results, 0, sizeof *results);
  results->algorithm.mark = MARK;
  results->workspaceBytes = p->workspaceBytes;
  return *found = 1, SUCCESS;
}

struct Product {
  Layout a, b, d;
  const void *from, *with;
  void* to;
  float beta;
};
static size_t bytes(const Layout& l) {
  return (uint64_t(l.stride) * (l.columns - 1) + l.rows) * (l.type == F32 ? 4 : 2);
}
// D[N x M] (+)= A^T[N x K] B[K x M], all column-major
static void compute(void* data) {
  const Product& p = *(const Product*)data;
  for (uint64_t m = 0; m < p.d.columns; ++m) {
    for (uint64_t n = 0; n < p.d.rows; ++n) {
      uint64_t at = n + m * uint64_t(p.d.stride);
      float sum = p.beta == 0 ? 0 : load(p.to, p.d.type, at);
      for (uint64_t k = 0; k < p.a.rows; ++k) {
        float a = load(p.from, p.a.type, k + n * uint64_t(p.a.stride));
        sum += a * load(p.with, p.b.type, k + m * uint64_t(p.b.stride));
      }
      store(p.to, p.d.type, at, sum);
    }
  }
}
API int cublasLtMatmul(int*, Descriptor* d, const float* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                       const float* beta, const void* c, Layout*, void* out, Layout* ld, const Algorithm* algorithm,
                       void* workspace, size_t workspaceBytes, void* stream) {
  ENTER(cublasLtMatmul);
  if (d->kind != 0xD || *alpha != 1 || (*beta != 0 && *beta != 1) || algorithm->mark != MARK || c != out) {
    return INVALID_VALUE;
  }
  if (!in_device(workspace, workspaceBytes) || !in_device(a, bytes(*la)) || !in_device(b, bytes(*lb)) ||
      !in_device(out, bytes(*ld))) {
    fprintf(stderr, "cuBLASLt stand-in: a matrix is not in one allocation\n");
    return INVALID_VALUE;
  }
  using Push = int (*)(void*, void (*)(void*), void*, void (*)(void*));
  int pushed = driver<Push>("fakecuda_push")(stream, compute, new Product{*la, *lb, *ld, a, b, out, *beta},
                                             [](void* p) { delete (Product*)p; });
  return pushed ? EXECUTION_FAILED : SUCCESS;
}
