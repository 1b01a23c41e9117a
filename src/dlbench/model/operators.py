"""The one table of operators: what each does, what it sees, where its weights are and how its work is counted.

    of_node(node).kind                  # conv, dense, activation, pool, norm, arithmetic, recurrent, ...
    of_node(node).is_pointwise          # Relu and Mish: yes; Conv: no
    named("QLinearConv").weights        # (3, 8): the places of its weights and bias among its inputs

To teach dlbench an operator, add a row here. Operators are those of the ONNX standard (onnx.ai/onnx/operators) and the
ones that ONNX Runtime adds (its docs/ContribOperators.md). One that has no row is unknown: its work can't be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from onnx import NodeProto

__all__ = ["OPERATORS", "Operator", "named", "of_node"]

Reach = Literal["place", "channels", "window", "map", "whole", "unknown"]
Work = Literal["none", "convolution", "transposed convolution", "product", "unknown"]
Linear = Literal["", "first", "either", "all"]

MICROSOFT = "com.microsoft"
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", MICROSOFT, "com.microsoft.nchwc", "com.ms.internal.nhwc"})
_PASS_ON = frozenset({"identity", "reshape", "reorder", "convert"})
_ONLY_MOVE = _PASS_ON | {"select", "constant", "shape"}


@dataclass(frozen=True)
class Operator:
    """One row of the table."""

    name: str
    kind: str  # conv, dense, activation, pool, norm, arithmetic, elementwise, reshape, ...; empty: unknown
    domain: str = ""  # where it is defined; empty: the ONNX standard
    # what one value depends on: the same place of its own map or of all maps, a window, its whole map, everything
    reach: Reach = "unknown"
    weights: tuple[int, ...] = ()  # places of inputs that hold what training learned, the main one first
    settings: tuple[int, ...] = ()  # places of inputs that set it up and are not learned
    integer_bias: int | None = None  # place of an input whose 32-bit integers are a bias, not indices
    scale: tuple[int, int] | None = None  # places of the output's scale and zero point
    keeps_scale: bool = False  # gives some of the values that it takes, so quantised values keep their meaning
    gives_sums: bool = False  # gives 32-bit sums whose scale is found at every run
    work: Work = "none"  # how its multiply-accumulates are counted
    linear: Linear = ""  # in its first input, in either of two, in all
    probabilities: str = ""  # softmax or sigmoid, where it makes probabilities of logits
    words: str = ""  # what it does, in a sentence; {window} stands for the size of its window
    brief: str = ""  # the same in at most some 30 characters

    @property
    def is_pointwise(self) -> bool:
        """Say whether each value depends on the same place of the inputs alone."""
        return self.reach in ("place", "channels")

    @property
    def keeps_maps(self) -> bool:
        """Say whether each map that it gives comes from the same map of its input."""
        return self.reach in ("place", "map") or (self.kind == "pool" and self.reach == "window")

    @property
    def sees_everything(self) -> bool:
        """Say whether each value depends on whole maps."""
        return self.reach in ("map", "whole")

    @property
    def passes_on(self) -> bool:
        """Say whether it gives the values that it takes, renamed, reshaped, reordered or converted."""
        return self.kind in _PASS_ON

    @property
    def only_moves(self) -> bool:
        """Say whether it moves, selects, renames or converts values and computes nothing of the network."""
        return self.kind in _ONLY_MOVE

    @property
    def is_weighted(self) -> bool:
        """Say whether it multiplies with weights: a convolution, a dense or a recurrent layer."""
        return self.kind in ("conv", "dense", "recurrent")

    @property
    def is_average(self) -> bool:
        """Say whether it takes means: a linear pooling or reduction."""
        return self.kind in ("pool", "reduce") and bool(self.linear)


def named(name: str) -> Operator:
    """Return the operator of that name; one of no kind and of unknown work where the table has none."""
    return OPERATORS.get(name) or Operator(name, "", work="unknown")


def of_node(node: NodeProto) -> Operator:
    """Return a node's operator; unknown where its domain is neither the standard's nor ONNX Runtime's."""
    return named(node.op_type) if node.domain in _DOMAINS else Operator(node.op_type, "", work="unknown")


def _each(names: str, kind: str, **facts: Any) -> Iterator[Operator]:
    """Yield a row for each of the names, all alike."""
    for name in names.split():
        yield Operator(name, kind, **facts)


def _convolutions() -> Iterator[Operator]:
    conv = Operator("Conv", "conv", reach="window", weights=(1, 2), work="convolution", linear="first")
    yield conv
    yield replace(conv, name="ConvInteger", weights=(1,), settings=(2, 3), gives_sums=True, linear="")
    for name in ("FusedConv", "NhwcConv", "NhwcFusedConv"):
        yield replace(conv, name=name, domain=MICROSOFT, linear="")
    yield replace(_quantised(conv, 8), domain="")
    yield Operator("ConvTranspose", "conv", weights=(1, 2), work="transposed convolution")
    yield Operator("DeformConv", "conv", weights=(1, 3), work="unknown")
    yield Operator("ConvTransposeWithDynamicPads", "conv", MICROSOFT, weights=(1, 3), work="unknown")


def _dense_layers() -> Iterator[Operator]:
    product = Operator("MatMul", "dense", weights=(1, 0), work="product", linear="either")
    gemm = Operator("Gemm", "dense", reach="whole", weights=(1, 2), work="product", linear="either")
    yield from (product, gemm)
    yield replace(product, name="MatMulInteger", weights=(1,), settings=(2, 3), gives_sums=True, linear="")
    yield replace(_quantised(product, None), domain="")
    for base, name in ((product, "FusedMatMul"), (product, "TransposeMatMul"), (gemm, "FusedGemm")):
        yield replace(base, name=name, domain=MICROSOFT, linear="")
    yield replace(_quantised(gemm, 6), name="QGemm", settings=(1, 2, 4, 5, 7, 8), scale=(7, 8))
    yield from _each("Einsum", "dense", work="unknown")
    others = "DynamicQuantizeMatMul FusedMatMulActivation GemmFastGelu GemmFloat8 MatMulBnb4 MatMulFpQ4 "
    others += "MatMulInteger16 MatMulIntegerToFloat MatMulNBits MoE QMoE QOrderedMatMul SparseToDenseMatMul"
    yield from _each(others, "dense", domain=MICROSOFT, weights=(1,), work="unknown")


def _quantised(base: Operator, bias: int | None) -> Operator:
    """Return the form of a weighted operator that takes integers: a, scale, zero, b, scale, zero, scale, zero, bias."""
    settings, weights = (1, 2, 4, 5, 6, 7), (3,) if bias is None else (3, bias)
    name = f"QLinear{base.name}"
    form = replace(base, name=name, domain=MICROSOFT, weights=weights, settings=settings, scale=(6, 7), linear="")
    return replace(form, integer_bias=bias)


_SMOOTH = "with a smooth corner"


def _activations() -> Iterator[Operator]:
    def row(name: str, words: str, brief: str, **facts: Any) -> Operator:
        return Operator(name, "activation", words=words, brief=brief, **({"reach": "place"} | facts))

    relu = "the rest stays"
    yield row("Relu", f"ReLU: what is negative becomes 0, {relu}", "below 0 becomes 0", keeps_scale=True)
    yield row("LeakyRelu", f"leaky ReLU: what is negative is made small, {relu}", "below 0 becomes small")
    yield row(
        "PRelu",
        f"parametric ReLU: what is negative is scaled by a learned factor, {relu}",
        "below 0 is scaled",
        weights=(1,),
    )
    yield row("ThresholdedRelu", f"thresholded ReLU: what is small becomes 0, {relu}", "what is small becomes 0")
    yield row("Clip", "", "", settings=(1, 2), keeps_scale=True)  # words depend on its bounds
    bends = f"what is negative bends towards a lowest value, {relu}"
    for name in ("Elu", "Celu", "Selu"):
        yield row(name, f"{name.upper()}: {bends}", "below 0 bends to a floor")
    sigmoid = "any number becomes one between 0 and 1"
    yield row("Sigmoid", f"sigmoid: {sigmoid}", "to between 0 and 1", probabilities="sigmoid")
    yield row("HardSigmoid", f"hard sigmoid: {sigmoid}, by straight lines", "to between 0 and 1")
    yield row("Tanh", "tanh: any number becomes one between -1 and 1", "to between -1 and 1")
    yield row("Softsign", "softsign: any number becomes one between -1 and 1", "to between -1 and 1")
    yield row("HardSwish", f"hard swish: like ReLU, {_SMOOTH}", "like ReLU, smooth")
    yield row("Softplus", f"softplus: like ReLU, {_SMOOTH}, and never 0", "like ReLU, smooth")
    yield row("Mish", f"Mish: like ReLU, {_SMOOTH}", "like ReLU, smooth")
    yield row("Swish", f"Swish: like ReLU, {_SMOOTH}", "like ReLU, smooth")
    yield row("Gelu", f"GELU: like ReLU, {_SMOOTH}", "like ReLU, smooth")
    for name in ("QuickGelu", "FastGelu", "BiasGelu", "QOrderedGelu", "ScaledSiLU"):
        yield row(name, f"GELU: like ReLU, {_SMOOTH}", "like ReLU, smooth", domain=MICROSOFT)
    yield row("Shrink", "shrink: what is close to 0 becomes 0, the rest moves towards it", "close to 0 becomes 0")
    softmax = "softmax: the answers become probabilities that add up to 1"
    yield row("Softmax", softmax, "to probabilities", reach="unknown", probabilities="softmax")
    log = "log-softmax: the answers become logarithms of probabilities"
    yield row("LogSoftmax", log, "to log-probabilities", reach="unknown", probabilities="softmax")
    yield row("Hardmax", "hardmax: the largest becomes 1, all others 0", "the largest becomes 1", reach="unknown")
    yield row("BiasSoftmax", softmax, "to probabilities", reach="unknown", domain=MICROSOFT)
    yield from _each("SwiGLU", "activation")
    yield from _each("BiasSplitGelu", "activation", domain=MICROSOFT)


def _pools() -> Iterator[Operator]:
    def pool(name: str, what: str, **facts: Any) -> Operator:
        words = f"pooling: of each {{window}} square the {what} is kept, so the maps become smaller"
        return Operator(name, "pool", words=words, brief=f"the {what.split(maxsplit=1)[0]} of each {{window}}", **facts)

    yield pool("MaxPool", "largest value", reach="window", keeps_scale=True)
    yield pool("NhwcMaxPool", "largest value", reach="window", keeps_scale=True, domain=MICROSOFT)
    yield pool("AveragePool", "mean", reach="window", linear="first")
    yield Operator("LpPool", "pool", reach="window")
    mean = "of each map its mean alone is left, so it counts what is there, not where"
    largest = "global maximum: of each map its largest value alone is left"
    of_each = "the mean of each map"
    words = f"global average: {mean}"
    yield Operator("GlobalAveragePool", "pool", reach="map", linear="first", words=words, brief=of_each)
    yield Operator("GlobalMaxPool", "pool", reach="map", words=largest, brief="the largest of each map")
    yield Operator("GlobalLpPool", "pool", reach="map")
    yield from _each("MaxRoiPool RoiAlign MaxUnpool", "pool")
    yield from _each("MaxpoolWithMask", "pool", domain=MICROSOFT)
    yield Operator("ReduceMean", "reduce", linear="first", words=f"mean: {mean}", brief=of_each)
    names = "L1 L2 LogSum LogSumExp Max Min Prod Sum SumSquare"
    yield from _each(" ".join(f"Reduce{name}" for name in names.split()), "reduce")
    yield from _each("ArgMax ArgMin CumSum CumProd", "reduce")
    yield from _each("ReduceSumInteger", "reduce", domain=MICROSOFT)


def _norms() -> Iterator[Operator]:
    batch = "batch normalisation: each channel is shifted and scaled by learned numbers"
    yield Operator(
        "BatchNormalization",
        "norm",
        reach="place",
        weights=(1, 2),
        settings=(3, 4),
        linear="first",
        words=batch,
        brief="each map shifted, scaled",
    )
    brief = "to mean 0, deviation 1"
    layer = "layer normalisation: each picture's values are brought to mean 0 and deviation 1"
    yield Operator("LayerNormalization", "norm", weights=(1, 2), words=layer, brief=brief)
    own = "instance normalisation: each map is brought to mean 0 and deviation 1"
    yield Operator("InstanceNormalization", "norm", reach="map", weights=(1, 2), words=own, brief=brief)
    group = "group normalisation: each group of maps is brought to mean 0 and deviation 1"
    yield Operator("GroupNormalization", "norm", reach="whole", weights=(1, 2), words=group, brief=brief)
    yield Operator("LRN", "norm", reach="channels")
    yield Operator("RMSNormalization", "norm", weights=(1,))
    yield from _each("LpNormalization MeanVarianceNormalization", "norm")
    others = "SkipLayerNormalization SkipSimplifiedLayerNormalization EmbedLayerNormalization QEmbedLayerNormalization"
    yield from _each(f"{others} GroupNorm SkipGroupNorm QOrderedLayerNormalization", "norm", domain=MICROSOFT)


def _pointwise() -> Iterator[Operator]:
    def row(name: str, words: str = "", brief: str = "", linear: Linear = "all") -> Operator:
        return Operator(name, "arithmetic", reach="place", linear=linear, words=words, brief=brief)

    yield row("Add", "sum of two layers: a shortcut adds what was known before", "an earlier layer added")
    yield row("Sub", "difference of two tensors, place by place")
    yield row("Mul", "product of two tensors, place by place", "times another layer", "either")
    yield row("Div", "one tensor divided by another, place by place", linear="first")
    yield from _each("Sum", "elementwise", reach="place", linear="all")
    yield from _each("Neg", "elementwise", reach="place", linear="first")
    numbers = "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Floor Log Max Mean Min Mod Pow Reciprocal "
    numbers += "Round Sign Sin Sinh Sqrt Tan Where And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual "
    numbers += "BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor IsInf IsNaN"
    yield from _each(numbers, "elementwise", reach="place")
    yield from _each("BiasAdd MulInteger GatedAdd", "elementwise", domain=MICROSOFT, reach="place")
    words, brief = "joins channels of several layers", "maps of layers, joined"
    join = Operator("Concat", "join", reach="channels", linear="all", words=words, brief=brief)
    yield join
    yield replace(join, name="QLinearConcat", domain=MICROSOFT, scale=(0, 1), linear="")


def _movers() -> Iterator[Operator]:
    same = "the same numbers"
    passes = "passes on what it gets"
    yield Operator("Identity", "identity", reach="place", keeps_scale=True, linear="first", words=passes)
    dropout = "dropout: does nothing when a network answers"
    yield Operator("Dropout", "identity", reach="place", settings=(1, 2), linear="first", words=dropout)
    yield from _each("BitmaskDropout BifurcationDetector", "identity", domain=MICROSOFT)
    reshaped = {
        "Reshape": f"{same} in another shape: maps become one long row",
        "Flatten": f"{same} as one long row",
        "Squeeze": f"{same}, axes of length 1 left out",
        "Unsqueeze": f"{same}, axes of length 1 put in",
    }
    for name, words in reshaped.items():
        yield Operator(name, "reshape", keeps_scale=True, linear="first", words=words)
    turned = f"{same}, axes exchanged"
    yield Operator("Transpose", "reorder", keeps_scale=True, linear="first", words=turned)
    yield from _each("DepthToSpace SpaceToDepth", "reorder", keeps_scale=True)
    yield from _each("ReverseSequence", "reorder")
    yield from _each("ReorderInput ReorderOutput", "reorder", domain="com.microsoft.nchwc")
    yield from _each("Gather", "select", weights=(0,), keeps_scale=True)  # of a table of learned rows: an embedding
    yield from _each("Slice Expand Tile", "select", keeps_scale=True)
    names = "GatherElements GatherND Split Compress Trilu CenterCropPad ScatterElements Scatter ScatterND TensorScatter"
    yield from _each(names, "select")
    names = "GatherBlockQuantized ExpandDims UnfoldTensor RemovePadding RestorePadding"
    yield from _each(names, "select", domain=MICROSOFT)
    yield Operator("Pad", "resize", settings=(1, 2, 3), keeps_scale=True)
    yield Operator("Resize", "resize", settings=(1, 2, 3), keeps_scale=True)
    yield Operator("Upsample", "resize", settings=(1,))
    yield from _each("Cast", "convert", reach="place", linear="first")
    yield from _each("CastLike", "convert", reach="place")
    yield from _each("BitCast", "elementwise", reach="place")
    rounds = "rounds to 8-bit integers"
    yield Operator(
        "QuantizeLinear",
        "convert",
        reach="place",
        settings=(1, 2),
        scale=(1, 2),
        linear="first",
        words=f"{rounds}; shown here as the numbers that they stand for",
    )
    yield Operator(
        "DequantizeLinear",
        "convert",
        reach="place",
        weights=(0,),
        settings=(1, 2),
        integer_bias=0,
        linear="first",
        words="turns 8-bit integers back into numbers",
    )
    anew = f"{rounds}, by a scale that is found anew at every run; shown as integers"
    yield Operator("DynamicQuantizeLinear", "convert", words=anew)
    names = "QuantizeBFP DequantizeBFP QuantizeWithOrder DequantizeWithOrder"
    yield from _each(names, "convert", domain=MICROSOFT)
    yield from _each("Constant ConstantOfShape Range EyeLike HannWindow HammingWindow BlackmanWindow", "constant")
    yield from _each("Shape Size", "shape")
    random = "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial Bernoulli"
    yield from _each(random, "random")


def _quantised_forms(table: Mapping[str, Operator]) -> Iterator[Operator]:
    """Yield ONNX Runtime's operators that take integers; they see and mean what the ones on real numbers do."""
    for name in ("Add", "Mul"):
        yield replace(_quantised(table[name], None), weights=())
    for name in ("Sigmoid", "LeakyRelu", "Softmax", "AveragePool", "GlobalAveragePool", "ReduceMean"):
        form = replace(table[name], name=f"QLinear{name}", domain=MICROSOFT, linear="")
        yield replace(form, settings=(1, 2, 3, 4), scale=(3, 4))
    yield from _each("QLinearWhere", "elementwise", domain=MICROSOFT, reach="place")


def _others() -> Iterator[Operator]:
    yield from _each("LSTM GRU RNN", "recurrent", weights=(1, 2, 3), work="unknown")
    yield from _each("DynamicQuantizeLSTM AttnLSTM", "recurrent", domain=MICROSOFT, weights=(1, 2, 3), work="unknown")
    yield from _each("Attention LinearAttention CausalConvWithState FlexAttention", "attention", work="unknown")
    names = "MultiHeadAttention GroupQueryAttention QAttention PackedAttention PackedMultiHeadAttention PagedAttention "
    names += "DecoderAttention DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention LongformerAttention "
    names += "QOrderedAttention QOrderedLongformerAttention SparseAttention DynamicSparseAttention "
    names += "GatedRelativePositionBias WordConvEmbedding"
    yield from _each(names, "attention", domain=MICROSOFT, work="unknown")
    yield from _each("If Loop Scan", "control", work="unknown")
    # they give no tensor: sequences, optional values, lists of answers
    names = "SequenceConstruct SequenceEmpty SequenceInsert SequenceErase SequenceMap SplitToSequence Optional"
    yield from _each(names, "sequence")
    yield from _each("ZipMap", "sequence", domain="ai.onnx.ml")
    yield from _each("SequenceAt SequenceLength ConcatFromSequence OptionalGetElement OptionalHasElement", "element")
    yield from _each("StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer ImageDecoder", "text")
    names = "AffineGrid Col2Im DFT STFT MelWeightMatrix Det GridSample NegativeLogLikelihoodLoss NonMaxSuppression "
    names += "NonZero OneHot SoftmaxCrossEntropyLoss TopK Unique RotaryEmbedding"
    yield from _each(names, "other")
    names = "CDist ComplexMul ComplexMulConj CropAndResize GemmaRotaryEmbedding Inverse Irfft IsAllFinite MurmurHash3 "
    names += "NGramRepeatBlock RelativePositionBias Rfft Tokenizer TorchEmbedding"
    yield from _each(names, "other", domain=MICROSOFT)
    names = "ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer "
    names += "LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor "
    names += "Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor"
    yield from _each(names, "learner", domain="ai.onnx.ml")


def _table() -> dict[str, Operator]:
    parts = (_convolutions, _dense_layers, _activations, _pools, _norms, _pointwise, _movers, _others)
    table = {row.name: row for part in parts for row in part()}
    return table | {row.name: row for row in _quantised_forms(table)}


OPERATORS: Mapping[str, Operator] = _table()
