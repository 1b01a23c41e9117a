"""The words that dlbench's tables use and a first-year student may not know, in a sentence each: their one home.

    explained("calm rounds")        # ("calm round", "a round during which ...")
    MEANINGS["95 % interval"]       # for the head of a column

`dlbench help words` lists them, the pages show them where the mouse rests on a column's head, and docs/words.md holds
them (`uv run python docs/words.py` writes it anew). Translations are in the catalogue like those of all other texts.
"""

from __future__ import annotations

from collections.abc import Callable

from dlbench.errors import InputError, close_matches

WORDS = {
    "A/A test": "timing a model against its own copy: any difference is noise, and a real one must be larger.",
    "accuracy": "the share of test pictures that the network gets right; they are a sample, hence the interval.",
    "activation": "a function behind a layer that bends its values, such as ReLU; also the values a layer produces.",
    "activation map": "what one channel of a layer makes of a picture, drawn as a picture: bright where it responds.",
    "AUROC": "how often a picture of the class gets a higher probability than another: 1 at best, 0.5 by guessing.",
    "backbone": "a network that was trained on many pictures and whose layers are used again for another task.",
    "basis": "what a time is worked out from: measured by dlbench, published for that chip, or the formula alone.",
    "batch": "how many inputs one run works on; a larger one often gives more answers a second, but each waits longer.",
    "batch normalisation": "a layer that brings each channel to mean 0 and spread 1: training gets quicker.",
    "best batch": "the batch with the most answers a second; where intervals overlap, the smallest of those.",
    "bias": "a number that a neuron or a filter adds to its weighted sum; learned like the weights.",
    "binary cross-entropy": "the loss for yes or no: it grows the less probability the true one of the two got.",
    "busy": "the part of the hours in which a device computes; the rest of the time it waits for work.",
    "busy round": "a round in which other programs had over 5 % of the cores and delayed too many samples.",
    "buy or rent": "how you get a device: buy it, rent it by the hour, or use the one that is here (have).",
    "calibration": "whether an answer given with 90 % is right in 90 of 100 cases; networks are often too sure.",
    "calm round": "a round during which no other program took cores and the machine and its memory ran at usual speed.",
    "categorical cross-entropy": "the loss for one of several classes: it grows the less probability the true one got.",
    "cell": "one measured combination of network, provider and batch size; a row of the tables.",
    "channel": "one of the maps that a layer produces; a colour picture has 3, a convolution makes one per filter.",
    "CNN": "a convolutional network: layers of small filters that slide over the picture, then a head.",
    "Colab": "Google's notebooks on rented computers: free up to an unpublished quota, or paid by the hour.",
    "confusion matrix": "a table that counts, for each true class, which class the network answered.",
    "convolution": "a layer that slides small filters over a picture and so finds the same pattern anywhere in it.",
    "cross-entropy": "the loss for probabilities: it grows the less probability the truth was given.",
    "dense network": "a network in which every value of a layer goes to every neuron of the next one.",
    "device": "a computer or chip that runs networks; to one with its own memory (a graphics card) inputs are copied.",
    "disturbed": "measured in rounds that were not calm: busy, slowed or starved ones; marked ~ where hardly any round "
    "was calm.",
    "electricity": "what the electricity for the answers costs on a machine that you own anyway.",
    "energy each": "the energy of one answer, from a counter where there is one, else estimated from the power.",
    "epoch": "one pass of a training over all its pictures.",
    "estimated": "worked out by a formula that is fitted to published times; nothing ran on that device.",
    "F1": "one mark for found and for rightly found, averaged over the classes: 1 at best.",
    "fell back": "the provider left its work to the CPU; such rows get no time, since it would not be the provider's.",
    "filter": "the weights of one channel of a convolution: the small pattern that it looks for.",
    "first run": "the run right after loading, which allocates memory and chooses algorithms; it is not in the median.",
    "FLOP": "a floating-point operation: one addition or multiplication; a multiply-accumulate counts as two.",
    "format": "how the numbers of a network's file are stored: fp32, fp16 or int8, from many bits to few.",
    "fp16": "16-bit numbers instead of 32-bit ones: half the memory, often faster on graphics cards, less exact.",
    "fp32": "32-bit numbers with a decimal point (floats): how a network is trained and usually stored.",
    "frozen": "left as it is by a training: the weights of that layer do not change.",
    "head": "the last layers, which turn what the backbone found into an answer; new for each task.",
    "int8": "8-bit whole numbers instead of 32-bit ones: a quarter of the memory, often faster, less exact.",
    "interval": "the range that holds the true figure in 95 of 100 such measurements; wide means that little is known.",
    "latency": "the time from giving an input to having the answer; what a user waits for.",
    "layer": "one step of a network, such as a convolution; its output is the next one's input.",
    "load": "the time to read a model file and make it ready to run; it is never part of the median.",
    "logit": "the number that a network gives a class, before softmax or sigmoid makes a probability of it.",
    "loss": "how wrong an answer is, as the number that training makes smaller; a confident mistake costs most.",
    "MACs": "multiply-accumulates, a multiplication and an addition each: the arithmetic that one answer takes.",
    "mean squared error": "the loss for amounts: the squared distance to the truth; twice as far counts four times.",
    "median": "the middle one of all times: half of the runs took longer; a few slow runs do not move it.",
    "memory": "the most memory that the process needed, beyond what it had before the model was loaded.",
    "neuron": "one value of a dense layer: a weighted sum of all values before it, then an activation.",
    "node": "one operation of a model file, such as a matrix product; the provider decides which it runs.",
    "noise floor": "the smallest difference that this machine can show between two models; see the A/A test.",
    "ONNX": "a file format for trained networks that many programs can read and run.",
    "ONNX Runtime": "the library that runs ONNX files, and whose speed dlbench measures.",
    "operator": "the kind of a node: Conv, MatMul, Relu and so on.",
    "overfitting": "when a network learns its training pictures by heart and gets worse on others.",
    "own it": "what answers cost on a machine that you buy: its price over the hours of use, plus electricity.",
    "p95": "the time within which 95 of 100 runs finish; p90 is the same for 90.",
    "p99": "the time within which 99 of 100 runs finish: what waiting is like when it goes badly.",
    "parameters": "the numbers that a network learned, its weights and biases.",
    "parity": "whether the exported file gives the same answers as the network it was made from.",
    "partial": "some nodes ran on the provider and some on the CPU; the time is that of both together.",
    "per second": "how many answers the network gives in a second: the batch divided by the median.",
    "pooling": "a layer that keeps one value of a small square, such as the largest: a smaller map.",
    "precision": "how many bits each number of a network has: fp32, fp16 or int8.",
    "price": "what is paid at once, by the price list: for a board alone, for a card with a computer around it.",
    "probe": "a small matrix product, timed before and after each round to see whether something slows the machine.",
    "provider": "what ONNX Runtime computes with: cpu is the processor, cuda an NVIDIA card, coreml an Apple chip.",
    "published": "timed and made public by others, on this chip or another; dlbench did not measure it.",
    "PUE": "power usage effectiveness: a building's power over that of its computers; 1.2: 20 % more, for cooling.",
    "receptive field": "the part of the input picture that one value of a layer can see.",
    "relevance": "how much each part of a picture counted for the answer, found by one of several methods.",
    "rent": "what answers cost on a cloud instance that is paid by the hour, some idle hours included.",
    "rests on": "what an estimated time was worked out from: whose measurements, of which network, on which chip.",
    "roofline": "the most that a machine can do, from its peak arithmetic and its peak memory speed.",
    "round": "one fresh process that loads the model and times it again and again for 0.3 to 2 seconds.",
    "runner-up": "the class with the second largest probability: what the picture was nearly taken for.",
    "scenario": "how requests arrive, as in MLPerf: one by one, all at once (offline), or at random (server).",
    "seed": "the number that random choices start from; the same seed gives the same choices.",
    "serves": "whether a device meets all that you asked for: surely, it may, or no (and which wish it misses).",
    "share of nodes": "the part of a model's nodes that ran on this provider.",
    "sigmoid": "a function that makes a share from 0 to 1 of any number; each class is asked for itself.",
    "signal-to-noise": "a layer's values over the error that fewer bits bring in, in decibels; more is better.",
    "slowed round": "a round in which the machine itself was slower: its host, a lower clock, or heat.",
    "softmax": "a function that makes probabilities of logits: they add up to 1, so one class wins.",
    "stage": "a group of a backbone's layers that are frozen or trained together.",
    "starved round": "a round in which memory was over 20 % slower than here at best, though cores were free.",
    "stratified": "split so that every part has the same share of each class.",
    "stream": "one of several sessions that answer requests at the same time.",
    "TDP": "thermal design power: the watts that a processor's cooling is made for, about what it draws at work.",
    "test split": "the pictures that are looked at once, at the end: how good the network is on new ones.",
    "the machine was": "mostly calm; busy (other programs); slowed (clock, heat, host); starved (memory); or "
    "changing between these.",
    "threads": "how many parts of the work the processor does at the same time, usually one per core.",
    "times as long": "the time over that of the fastest row, round by round in turn; two medians may say otherwise.",
    "top-1": "how often the answer with the largest probability is the right one.",
    "top-5": "how often the right answer is among the five with the largest probabilities.",
    "TPU": "Google's chip for matrix products, rented by the hour; ONNX Runtime has no use for it.",
    "transfer learning": "training only the last layers of a network that has already learned from other pictures.",
    "undelayed": "timed while no other program took a core from the network, though one was running.",
    "validation split": "the pictures by which a training chooses its best epoch; it does not learn from them.",
    "vCPU": "what clouds rent as one processor: half a core (a hardware thread) on x86, a whole one on Arm.",
    "verdict": "where the network really ran; ran 6/6: all of its 6 nodes ran on the provider that was asked for.",
    "warm-up": "runs before the timed ones, until the times no longer fall.",
    "weights": "the numbers of a layer that training sets.",
}

# what the heads of columns call them
_HEADS = {
    "surely": "serves",
    "way": "buy or rent",
    "may": "serves",
    "95 % interval": "interval",
    "how sure": "interval",
    "calm rounds": "calm round",
    "vCPUs": "vCPU",
    "rounds": "round",
    "inferences/s": "per second",
    "answers a second": "per second",
    "multiply-accumulates": "MACs",
    "p90": "p95",
    "BatchNormalization": "batch normalisation",
    "binary-cross-entropy": "binary cross-entropy",
    "categorical-cross-entropy": "categorical cross-entropy",
    "mean-squared-error": "mean squared error",
    "nodes": "node",
    "shortest median": "median",
    "median here": "median",
    "in rounds not calm": "disturbed",
    "operators that fell back": "fell back",
    "energy": "energy each",
    "energy measured": "energy each",
    "est. energy": "energy each",
    "least energy each": "energy each",
    "probe on": "probe",
    "epochs": "epoch",
    "streams x threads": "stream",
    "largest error": "parity",
    "GFLOP/s": "FLOP",
    "weights trained": "weights",
    "last activation": "activation",
    "signal-to-noise [dB]": "signal-to-noise",
    "power W": "TDP",
}


# those that are explained in the middle of a text too: the others are also everyday words
IN_TEXTS = (
    *("calm rounds", "calm round", "noise floor", "confusion matrix", "activation map", "receptive field", "backbone"),
    "best batch",
    *("A/A test", "MACs", "p95", "p99", "PUE", "roofline", "TDP", "vCPUs", "vCPU"),
)

# each word, and each head of a column, with what it means
MEANINGS = {**WORDS, **{head: WORDS[word] for head, word in _HEADS.items()}}


def explained(asked: str, translated: Callable[[str], str] = str) -> tuple[str, str]:
    """Return a word and what it means; a plural, a column's head or a word of the language in use will do.

    Raises:
        InputError: not in the list; the line suggests close ones.
    """
    plain = " ".join(asked.split()).lower()
    names = {text.lower(): name for name in MEANINGS for text in (name, translated(name))}
    name = next((names[near] for near in (plain, plain.removesuffix("s"), f"{plain}s") if near in names), None)
    if name is None:
        near = close_matches(plain, names)
        raise InputError(f"help: expected a command or a word of dlbench help words, received {asked!r}.{near}")
    word = _HEADS.get(name, name)
    return translated(word), translated(WORDS[word])
