// Stands for libcublasLt in tests of the binding: the calls that Baton makes, checked, and the product computed by the
// plain formula over host memory. Handles are addresses of records, so that a mixed-up one is found.
#include <cstdint>
#include <cstdio>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

enum { SUCCESS = 0, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { F32 = 0, BF16 = 14, COMPUTE_F32 = 68, OP_T = 1, DESC_TRANSA = 3, PREFERENCE_WORKSPACE = 1 };

struct Descriptor { uint32_t kind = 0xD; int transposeA = 0; };
struct Layout { uint32_t kind = 0x1A; int type; uint64_t rows, columns; int64_t stride; };
struct Preference { uint32_t kind = 0xF; uint64_t workspaceBytes = 0; };
struct Algorithm { uint64_t mark, unused[7]; };
struct HeuristicResult { Algorithm algorithm; size_t workspaceBytes; int state; float waves; int reserved[4]; };
static_assert(sizeof(HeuristicResult) == 96);
static const uint64_t MARK = 0xA160;
static int open = 0; // objects created and not destroyed

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

API int fake_cublaslt_open() { return open; }
API size_t cublasLtGetVersion() { return 130000; }
API int cublasLtCreate(void** handle) { return *handle = new int, ++open, SUCCESS; }
API int cublasLtDestroy(void* handle) { return delete (int*)handle, --open, SUCCESS; }
API int cublasLtMatmulDescCreate(Descriptor** d, int compute, int scale) {
  if (compute != COMPUTE_F32 || scale != F32) return INVALID_VALUE;
  return *d = new Descriptor, ++open, SUCCESS;
}
API int cublasLtMatmulDescSetAttribute(Descriptor* d, int attribute, const int* value, size_t bytes) {
  if (attribute != DESC_TRANSA || bytes != 4) return NOT_SUPPORTED;
  return d->transposeA = *value, SUCCESS;
}
API int cublasLtMatmulDescDestroy(Descriptor* d) { return delete d, --open, SUCCESS; }
API int cublasLtMatrixLayoutCreate(Layout** l, int type, uint64_t rows, uint64_t columns, int64_t stride) {
  if ((type != F32 && type != BF16) || stride < int64_t(rows)) return INVALID_VALUE;
  *l = new Layout;
  (*l)->type = type, (*l)->rows = rows, (*l)->columns = columns, (*l)->stride = stride;
  return ++open, SUCCESS;
}
API int cublasLtMatrixLayoutDestroy(Layout* l) { return delete l, --open, SUCCESS; }
API int cublasLtMatmulPreferenceCreate(Preference** p) { return *p = new Preference, ++open, SUCCESS; }
API int cublasLtMatmulPreferenceSetAttribute(Preference* p, int attribute, const uint64_t* value, size_t bytes) {
  if (attribute != PREFERENCE_WORKSPACE || bytes != 8) return INVALID_VALUE;
  return p->workspaceBytes = *value, SUCCESS;
}
API int cublasLtMatmulPreferenceDestroy(Preference* p) { return delete p, --open, SUCCESS; }
API int cublasLtMatmulAlgoGetHeuristic(void*, Descriptor* d, Layout* a, Layout* b, Layout* c, Layout* out,
                                       Preference* p, int wanted, HeuristicResult* results, int* found) {
  if (d->kind != 0xD || a->kind != 0x1A || p->kind != 0xF || wanted < 1 || c != out) return INVALID_VALUE;
  if (d->transposeA != OP_T || a->rows != b->rows || out->rows != a->columns || out->columns != b->columns) {
    *found = 0;
    return INVALID_VALUE;
  }
  memset(results, 0, sizeof *results);
  results->algorithm.mark = MARK;
  results->workspaceBytes = p->workspaceBytes;
  return *found = 1, SUCCESS;
}
// D[N x M] = A^T[N x K] B[K x M], all column-major
API int cublasLtMatmul(void*, Descriptor* d, const float* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                       const float* beta, const void*, Layout*, void* out, Layout* ld, const Algorithm* algorithm,
                       void* workspace, size_t workspaceBytes, void*) {
  if (d->kind != 0xD || *alpha != 1 || (*beta != 0 && *beta != 1) || algorithm->mark != MARK) return INVALID_VALUE;
  if (!workspace && workspaceBytes) return INVALID_VALUE;
  for (uint64_t m = 0; m < ld->columns; ++m) {
    for (uint64_t n = 0; n < ld->rows; ++n) {
      uint64_t at = n + m * uint64_t(ld->stride);
      float sum = *beta == 0 ? 0 : load(out, ld->type, at);
      for (uint64_t k = 0; k < la->rows; ++k) {
        sum += load(a, la->type, k + n * uint64_t(la->stride)) * load(b, lb->type, k + m * uint64_t(lb->stride));
      }
      store(out, ld->type, at, sum);
    }
  }
  return SUCCESS;
}
