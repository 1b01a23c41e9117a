# %% [markdown] lang="en"
# # First networks: a digit, a dense network, a CNN
#
# {colab}
#
# You train two small networks on the same handwritten digits, and ask of each: how good is it, how large, how fast, and what does it cost?
# What is measured is measured on the machine on which this notebook runs; published figures say so. Run the cells from top to bottom, in this order: click on a cell, then Shift+Enter.
# All of them together compute for two to five minutes, on a machine that other programs keep busy for up to a quarter of an hour; the rest is guessing and reading.
#
# | part | minutes of the lesson |
# |---|---|
# | What CPU, GPU and TPU are good for | 3-6 |
# | What a training cost: a headline and a log | 6-12 |
# | The data: digits as numbers | 12-16 |
# | Train, validation, test: why three parts? | 16-20 |
# | A dense network | 20-25 |
# | A CNN | 25-31 |
# | The comparison: right, small, fast? | 31-36 |
# | Which activation and loss for which question | 36-42 |
# | Exercise 1 | 42-45 |
# | Exercises 2 and 3; can you answer these? | at home |
#
# <details><summary>Words used here</summary>
#
# | word | what it means |
# |---|---|
# | weight, bias | the numbers that a network learns, together its *parameters*: each input is multiplied by a weight, and a bias is added to the sum |
# | activation | a function behind a layer. The last one turns the sums into the answer |
# | loss | how wrong an answer is, as one number; training makes it smaller |
# | epoch | one pass of the training over all its pictures |
# | seed | the start of the random numbers: another seed, another training |
# | batch | how many pictures are answered at once |
# | F1, AUROC | other marks than accuracy, 1 at best. F1 also counts what was missed; AUROC asks whether right answers get the higher probabilities (guessing: 0.5) |
# | provider | the part of ONNX Runtime that runs a network on one kind of hardware: cpu, cuda |
# | round | one measurement in a process of its own; a calm one is one in which the machine was at its usual speed |
# | verdict | did the network run where it was asked to? "ran 6/6": all six of its steps did |
#
# `!dlbench help words` in a cell of its own explains many more.
#
# </details>

# %% [markdown] lang="hu"
# # Az első hálók: egy számjegy, egy sűrű háló, egy CNN
#
# {colab}
#
# Két kis hálót tanítasz be ugyanazokra a kézzel írt számjegyekre, és mindkettőről kideríted: mennyire jó, mekkora, milyen gyors, és mennyibe kerül?
# A mért számok mind azon a gépen születnek, amelyen ez a jegyzetfüzet fut; a közölt számoknál ott áll, hogy közöltek. Futtasd a cellákat sorban, fentről lefelé: kattints egy cellára, aztán Shift+Enter.
# Mind együtt két-öt percig számol, ha a gépen más programok is futnak, akár negyedóráig; a többi idő a tippelésé és az olvasásé.
#
# | rész | az óra percei |
# |---|---|
# | Mire jó a CPU, a GPU és a TPU | 3–6. |
# | Mennyibe került egy tanítás: egy hír és egy napló | 6–12. |
# | Az adatok: számjegyek számokként | 12–16. |
# | Tanító-, validációs és tesztrész: miért három? | 16–20. |
# | Egy sűrű háló | 20–25. |
# | Egy CNN | 25–31. |
# | Az összehasonlítás: jobb, kisebb, gyorsabb? | 31–36. |
# | Melyik kérdéshez melyik aktiváció és veszteség illik | 36–42. |
# | 1. feladat | 42–45. |
# | 2. és 3. feladat; tudsz ezekre válaszolni? | otthon |
#
# <details><summary>Szavak, amelyek itt előfordulnak</summary>
#
# | szó | mit jelent |
# |---|---|
# | súly, torzítás (bias) | a számok, amelyeket egy háló megtanul, együtt a *paraméterei*: minden bemenetet megszoroz egy súllyal, és az összeghez hozzáadja a torzítást |
# | aktiváció | a réteg összegeire alkalmazott függvény. Az utolsó csinál az összegekből választ |
# | veszteség | egyetlen szám: mennyire rossz egy válasz; a tanítás ezt csökkenti |
# | epoch | a tanítás egyszer végigmegy az összes képén |
# | kezdőérték (seed) | innen indulnak a véletlen számok: más kezdőérték, más tanítás |
# | köteg (batch) | ennyi képre válaszol egyszerre |
# | F1, AUROC | a pontosságon kívüli mérőszámok; a legnagyobb értékük 1. Az F1 azt is számolja, ami kimaradt; az AUROC azt nézi, nagyobb valószínűséget kapnak-e a jó válaszok (vaktában: 0,5) |
# | végrehajtó (execution provider) | az ONNX Runtime része, amely egyfajta hardveren futtat egy hálót: cpu, cuda |
# | kör | egy mérés, saját folyamatban; a nyugodt körben a gép a szokásos sebességével dolgozott |
# | minősítés | ott futott-e a háló, ahol kértük? „lefutott 6/6”: mind a hat lépése ott futott |
#
# Egy külön cellában a `!dlbench help words --lang hu` még sok szót elmagyaráz.
#
# </details>

# %% tags=["setup"]
# {setup}

# %%
import dlbench

# en: To insist on a GPU write "gpu": without one the cell stops and says so.
# hu: Ha mindenképp GPU kell, írj ide "gpu"-t: ha nincs, a cella megáll, és megmondja.
runtime = dlbench.find_runtime(wanted="any")
runtime

# %% [markdown] lang="en"
# The table says where this runs: *kind* is what dlbench found; *providers* are the ways in which ONNX Runtime, the library that runs the networks here, can use it, and dlbench times each of
# them; *price* is what an hour costs; for your own machine: purchase and electricity.
#
# ## What CPU, GPU and TPU are good for
#
# *Minutes 3-6*
#
# A CPU has a few fast cores that do anything. A GPU has thousands of slow ones that all do the same thing to different numbers: just what a matrix
# product needs. (A matrix product is a table of sums: multiply numbers in pairs, add the products up, thousands of times. A layer of a network is one.) A TPU is a chip that does
# little else than matrix products. A large network on a lot of data gains from that, such as one that learns 1.3 million photos on 256 chips. A small one does not: the time goes into starting the work, and the GPU waits.
#
# ## What a training cost: a headline and a log
#
# *Minutes 6-12*
#
# One task was trained on all of them and published: ResNet-50, a network of 25 million weights, on ImageNet, 1.3 million photos of a thousand kinds of things. In December 2018 a headline said
# that a full TPU v2 Pod (256 TPU chips) trains it 27 times as fast as 8 V100 (a graphics card of 2017), and 38 % cheaper. **Before you run the cell, guess:** does the log of a public contest
# (MLPerf) in the same month say the same? **And a second guess:** from 2017 to 2020, by how much did the price of this training fall: 5 times, 20 times, 60 times?

# %% [markdown] lang="hu"
# A táblázat azt mondja meg, min fut ez a jegyzetfüzet: a *fajta* az, amit a dlbench talált, a *végrehajtók* (execution provider) azok, amelyeken lent mér, az *ár* pedig egy gépóra ára, saját gépnél: vételár és áram.
#
# ## Mire jó a CPU, a GPU és a TPU
#
# *3–6. perc*
#
# A CPU-nak néhány gyors magja van, és ezek bármit megcsinálnak. A GPU-nak több ezer lassú magja van, és mind ugyanazt csinálja, csak más számokkal:
# egy mátrixszorzáshoz pont ez kell. (A mátrixszorzás összegek táblázata: számokat páronként összeszoroz, a szorzatokat összeadja, és ezt több ezerszer. Egy háló egy-egy rétege ilyen.) A TPU
# olyan chip, amely szinte csak mátrixokat szoroz. Egy nagy háló sok adattal ebből sokat nyer, például amelyik 1,3 millió fényképet tanul 256 chipen. Egy kicsi nem: az idő a munka elindítására megy el, a GPU pedig várakozik.
#
# ## Mennyibe került egy tanítás: egy hír és egy napló
#
# *6–12. perc*
#
# Ugyanazt a tanítást GPU-n, TPU-n és CPU-n is elvégezték, és az eredményt közzétették: a ResNet-50 (25 millió súlyú háló) betanítását az ImageNet képein (1,3 millió fénykép, ezerféle dologról). 2018 decemberében egy
# hírben az állt, hogy egy teljes TPU v2 Pod (256 TPU chip) 27-szer olyan gyorsan tanítja be, mint 8 V100 (egy 2017-es videokártya), és 38%-kal olcsóbban. **Mielőtt lefuttatod a cellát,
# tippelj:** ugyanezt mondja az ugyanabban a hónapban egy nyilvános versenyen (MLPerf) közölt napló is? **És egy második tipp:** 2017 és 2020 között hányad részére esett ennek a tanításnak az ára: ötödére, huszadára,
# hatvanadára?

# %%
costs = dlbench.training_costs(estimate="none")
costs.comparison_chart()

# %%
costs.table("comparison")

# %% [markdown] lang="en"
# <details><summary>The answer</summary>
#
# No. *log* is what the contest counted. By the log the pod is 12 times as fast (138 minutes against 11.2), and 23 % *dearer* (72.0 USD against 58.6). *claim* is the headline, worked out on the first
# row: 138 minutes / 27 = 5.1, and 58.6 USD less 38 % = 36.3; its own minutes and dollars are not known. The two counted different things: the headline's run was trained until 76.0 % of the test photos were right, without its
# warm-up; the contest stopped the clock at 74.9 % and counted everything. Ask what was counted before you quote a claim or a log.
#
# </details>
#
# Now all published runs that have a time and a price, over the years, of two contests, MLPerf and the earlier DAWNBench. Each mark of the chart is one training run, its shade the year: the lower left corner is fast *and* cheap. Both axes are logarithmic, so a step is a factor. The
# arrow joins two runs on 8 V100: the same kind of card (with 16 and with 32 GB), 25 months later. In the table below (rows without a price: none was published, such as for those of the headline, "Google blog"; "from memory": not looked up), *target* says how good the network had to become: "93% top-5", the right answer among its first five in 93 % of the photos; "74.9% top-1", its first answer right. Was your second guess right?

# %% [markdown] lang="hu"
# <details><summary>A válasz</summary>
#
# Nem. A *napló* az, amit a versenyen megmértek. A napló szerint a pod 12-szer olyan gyors (138 perc helyett 11,2), de 23%-kal *drágább* (58,6 USD helyett 72,0). Az *állítás* az első sorból kiszámolt
# hír: 138 perc / 27 = 5,1, és 58,6 USD-nél 38%-kal kevesebb, 36,3; a hír saját perceit és dollárjait nem ismerjük. A két szám nem ugyanazt számolta: a hírben szereplő futás addig tartott, amíg a tesztképek 76,0%-át el nem találta, és a
# bemelegítést nem számolták bele; a versenyen 74,9%-nál állt meg az óra, és minden beleszámított. Előbb kérdezd meg, mit számoltak, és csak utána idézz egy hírt vagy egy naplót.
#
# </details>
#
# A következő ábrán két verseny, az MLPerf és a korábbi DAWNBench közölt futásai vannak, azok, amelyeknek ideje és ára is ismert. Az ábrán minden jel egy tanítás, az árnyalata az év: a bal alsó sarok gyors *és* olcsó. Mindkét tengely logaritmikus, tehát egyforma távolság mindig ugyanannyiszoros változás. A nyíl két olyan
# futást köt össze, amely 8 V100 kártyán ment: ugyanaz a kártyafajta (16, illetve 32 GB memóriával), 25 hónappal később. A lenti táblázatban (ahol nincs ár, azt nem közölték, például a hír soraiban, „Google blog”; „emlékezetből”: nem ellenőrizték) a *cél* azt mondja meg, milyen jóra kellett tanítani: „93% top-5”: a jó válasz a képek 93%-ánál az első öt között van; „74,9% top-1”: az első válasz a jó. Eltaláltad a második tippet?

# %%
costs.chart()

# %%
costs.table("published")

# %% [markdown] lang="en"
# <details><summary>The second answer</summary>
#
# 488 USD in the first row, of October 2017 (8 K80, cards of 2014); 7.43 USD in the last row but one of DAWNBench, of March 2020 (8 V100; scroll): 66 times less. The arrow joins two runs on eight V100, the same kind of card: 48 times less. So most of the 66 comes from software (and a cheaper hour), little from newer cards.
# (At the 7.20 USD an hour that AWS took for 8 K80 it is 104 times; the source has 4.56: published figures need checking too. `costs.document()` in a cell of its own gives the source of every row.)
#
# </details>
#
# ## The data: digits as numbers
#
# *Minutes 12-16*
#
# MNIST holds handwritten digits, 28 by 28 pixels each, in shades of grey. The sample here has 5,000 of them and needs no internet.

# %% [markdown] lang="hu"
# <details><summary>A második válasz</summary>
#
# 2017 októberében 488 USD volt (az első sor: 8 K80, 2014-es kártya), 2020 márciusában 7,43 (8 V100; görgess a DAWNBench utolsó előtti soráig): a 66-od része. Ennek nagy része szoftver (és olcsóbb gépóra): ugyanolyan kártyán is 48-szoros a különbség, ezt mutatja a nyíl.
# (Az AWS a 8 K80-ért óránként 7,20 USD-t kért, úgy a 104-ed része; a forrásban 4,56 áll: a közölt számot is ellenőrizni kell. Egy külön cellában a `costs.document()` minden sor forrását kiírja.)
#
# </details>
#
# ## Az adatok: számjegyek számokként
#
# *12–16. perc*
#
# Az MNIST kézzel írt számjegyekből áll, mindegyik 28 × 28 képpontos, szürkeárnyalatos kép. Ebben a mintában 5000 van belőlük, és internet sem kell hozzá.

# %%
digits = dlbench.survey("mnist-sample")
digits

# %% [markdown] lang="en"
# **What to see:** there are equally many pictures of each digit. Always giving the same answer is right 10 % of the time; compare the accuracies of ten digits below with that.

# %% [markdown] lang="hu"
# **Mit látsz:** minden számjegyből ugyanannyi kép van. Aki mindig ugyanazt válaszolja, az esetek 10%-ában eltalálja; lent minden pontosságot ehhez mérj.

# %%
digits.picture()

# %% [markdown] lang="en"
# Would you recognise each of them? Some people's 4 is another's 9. And this is all that a network gets: numbers from 0 to 255, here with the shade that each stands for.
# **Find** the stroke of the digit in the numbers.

# %% [markdown] lang="hu"
# Te mindegyiket felismernéd? Van, akinek a 4-ese olyan, mint másé a 9-es. A háló pedig csak ennyit kap: számokat 0-tól 255-ig. Itt mindegyik mögött ott az árnyalat is, amelyet
# jelent. **Keresd meg** a számokban a számjegy vonalát.

# %%
digits.sample()

# %% [markdown] lang="en"
# ## Train, validation, test: why three parts?
#
# *Minutes 16-20*
#
# | part | used for | if you left it out |
# |---|---|---|
# | train | the weights learn from it | nothing would be learned |
# | validation | you choose by it: which epoch (pass over the training pictures) to keep, which settings | you would choose by the test pictures, and they would no longer be a test |
# | test | one honest mark at the end | your only mark would be that of the validation part, which is too good: it took part in the choice |
#
# Here they are 4,000, 500 and 500 digits, with as many of each digit in every part. The split never changes, so results can be compared. (This lesson shows the test part at each step, so that you see something; a mark that is to count is taken from it once, at the end.) With 500 test
# digits, 97 % means something between about 95 % and 98 %: that is the 95 % interval which stands beside each accuracy below. (Of a hundred such intervals about 95 hold the true share.)
#
# ## A dense network
#
# *Minutes 20-25*
#
# Each of its 512 neurons has a weight for each of the 784 pixels: it multiplies, adds up, and passes the sum on if it is above 0. Ten more neurons, one for each digit, do the same with those
# 512 numbers, but pass on every sum, below 0 too; the largest of the ten is the answer. For each weight, training works out whether a little more or a little less would make the error smaller, and moves it that way: downhill, digit after digit. While it
# learns, the digits are moved at random by up to 2 pixels.
#
# **Guess first, and write it down:** of 100 digits that it has never seen, how many will it get right?

# %% [markdown] lang="hu"
# ## Tanító-, validációs és tesztrész: miért három?
#
# *16–20. perc*
#
# | rész | mire való | ha elhagynád |
# |---|---|---|
# | tanító | ebből tanulnak a súlyok | nem tanulna semmit |
# | validációs | ez alapján választunk: melyik epoch (a tanítóképek egyszeri végigvétele) maradjon, milyen beállítással | a tesztképek alapján döntenél, és akkor azok már nem tesztelnének semmit |
# | teszt | egyetlen őszinte jegy a végén | csak a validációs rész jegye maradna, az pedig túl jó, hiszen részt vett a választásban |
#
# Itt 4000, 500 és 500 számjegy van bennük, minden számjegyből ugyanannyi. A felosztás sosem változik, ezért az eredmények összehasonlíthatók. (Ez az óra minden lépésnél megmutatja a tesztrészt, hogy lássunk valamit; ha egy jegynek számítania kell, a végén egyszer nézzük meg.) 500
# tesztképnél a 97% azt jelenti, hogy valahol 95% és 98% között járunk: ez az a 95%-os intervallum, amely lent minden pontosság mellett ott áll. (Száz ilyen intervallumból körülbelül 95-ben van benne a
# valódi érték.)
#
# ## Egy sűrű háló
#
# *20–25. perc*
#
# A sűrű hálónak 512 neuronja van. Mindegyik megszorozza a 784 képpontot egy-egy súllyal, összeadja a szorzatokat, és ha az összeg 0 fölötti, továbbadja. Tíz további neuron, minden számjegyhez egy, ugyanezt teszi ezzel az 512
# számmal, de a 0 alatti összeget is továbbadja; a tíz közül a legnagyobb a válasz. A tanítás minden súlynál kiszámolja, hogy egy kicsivel több vagy egy kicsivel kevesebb csökkentené-e a hibát, és arra mozdítja: lefelé a lejtőn, számjegyről számjegyre. Tanulás közben a számjegyeket véletlenszerűen, legfeljebb 2 képponttal eltoljuk.
#
# **Előbb tippelj, és írd fel:** 100 olyan számjegyből, amelyet még sosem látott, hányat talál el?

# %%
dense = dlbench.train_network("dense")
dense

# %% [markdown] lang="en"
# **How to read it:** *accuracy* comes first: the share of the 500 test digits that was answered correctly. The interval behind it says where the true share probably lies.
# *F1* (it also counts what was missed) and *AUROC* (do right answers get higher probabilities than wrong ones?) are further marks, both best at 1. *Training* and *energy* are what the learning cost; *parity* says that the exported file answers as the trained
# network did. *784-512-10* is the network: 784 pixels, 512 neurons, 10 answers. (The CNN further down is *16C5-P2-32C3-P2-64C3-P2-128-10*: 16 filters of 5 x 5, pooling of 2 x 2, 32 filters of 3 x 3, and so on; at the end 128 neurons and 10 answers.)
#
# The next table is the network layer by layer. **Guess:** which layer holds most of its weights?

# %% [markdown] lang="hu"
# **Így olvasd:** az első a *pontosság*: az 500 tesztszámjegyből ennyit talált el, és a valódi érték várhatóan a mögötte álló intervallumban van. Az *F1* (azt is számolja, ami kimaradt) és az *AUROC* (nagyobb
# valószínűséget kapnak-e a jó válaszok, mint a rosszak?) további jegyek, mindkettő 1-nél a legjobb. A *tanítás* és az *energia*: mennyi időbe és áramba került a tanulás; az *egyezés* azt mondja, hogy a kiírt fájl ugyanúgy válaszol, mint a betanított háló.
# A *784-512-10* maga a háló: 784 képpont, 512 neuron, 10 válasz. (A lenti CNN: *16C5-P2-32C3-P2-64C3-P2-128-10*, azaz 16 darab 5 × 5-ös szűrő, 2 × 2-es összevonás, 32 darab 3 × 3-as szűrő, és így tovább; a végén 128 neuron és 10 válasz.)
#
# A következő táblázat rétegenként mutatja a hálót. **Tippelj:** melyik rétegben van a legtöbb súly?

# %%
dlbench.inspect("dense")

# %% [markdown] lang="en"
# **What to see:** nearly all weights, 401,920 of 407,050, lie between the pixels and the neurons: 784 x 512, and a bias for each neuron (a number that is added to its sum). A multiply-accumulate is one
# multiplication with one addition; here each weight is used once. (*sub* and *div* take the mean off each pixel and divide by the deviation; *Gemm* is a dense layer; *relu* turns sums below 0 into 0.)
#
# ## A CNN
#
# *Minutes 25-31*
#
# A convolution slides a small filter over the picture: the same few weights everywhere. At each place the 25 pixels under a filter of 5 x 5 are multiplied by its 25 weights and added up; that
# sum is one dot of a new picture, the *map* of this filter. (Around the picture lies a border of zeros, two pixels wide, so that the map is as large as the picture: 28 x 28.) Pooling then makes the map smaller: of each square of 2 x 2 only the largest value stays.
#
# A small example, with a vertical stroke, a filter that looks for one, and no border. On the stroke the sum is 3 x (-1 x 0 + 2 x 1 - 1 x 0) = 6, beside it -3, far from it 0:
#
# ```
# picture, 7 x 7      filter, 3 x 3      map, 5 x 5
#
# 0 0 0 1 0 0 0
# 0 0 0 1 0 0 0                           0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0                           0 -3  6 -3  0
# 0 0 0 1 0 0 0
# ```
#
# **Guess first, and write it down:** which of the two networks has more weights? Which one is more often right? Which one takes longer for one picture?
#
# The next cell trains both on the same digits (dense in 8 passes, the CNN in 15) and puts them side by side (the dense one once more, from the same seed, so it comes out the same). It takes 10 to 20 seconds, where other programs run one to six minutes: most of it is the CNN. It
# also moves the test digits by a few pixels and looks again.

# %% [markdown] lang="hu"
# **Mit látsz:** szinte minden súly, 407 050-ből 401 920, a képpontok és a neuronok között van: 784 × 512, és minden neuronhoz egy torzítás (bias). A szorzás-összeadás egy szorzás
# egy összeadással; itt minden súlyra egy jut. (A *sub* és a *div* levonja minden képpontból az átlagot, és elosztja a szórással; a *Gemm* egy sűrű réteg; a *relu* a 0 alatti összegekből 0-t csinál.)
#
# ## Egy CNN
#
# *25–31. perc*
#
# A konvolúció egy kis szűrőt csúsztat végig a képen: mindenütt ugyanazt a néhány súlyt használja. Minden helyen megszorozza a szűrő alatti 5 × 5 = 25 képpontot a 25 súlyával, és összeadja; ez az összeg
# egy új kép, a szűrő *térképe* egyetlen pontja. (A kép körül két képpont széles, nullákból álló keret van, ezért a térkép ugyanakkora, mint a kép: 28 × 28.) Az összevonás (pooling) ezután kisebbre veszi a térképet: minden 2 × 2-es négyzetből csak a legnagyobb érték marad.
#
# Egy kis példa: egy függőleges vonal, egy ilyet kereső szűrő, keret nélkül. A vonalon az összeg 3 × (−1 × 0 + 2 × 1 − 1 × 0) = 6, mellette −3, távolabb 0:
#
# ```
# kép, 7 × 7          szűrő, 3 × 3       térkép, 5 × 5
#
# 0 0 0 1 0 0 0
# 0 0 0 1 0 0 0                           0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0         -1  2 -1          0 -3  6 -3  0
# 0 0 0 1 0 0 0                           0 -3  6 -3  0
# 0 0 0 1 0 0 0
# ```
#
# **Előbb tippelj, és írd fel:** melyik hálónak van több súlya? Melyik talál el több számjegyet? Melyiknek kell több idő egy képhez?
#
# A következő cella mindkettőt ugyanazokon a számjegyeken tanítja (a sűrűt 8, a CNN-t 15 epochon át), és egymás mellé teszi őket (a sűrűt még egyszer, ugyanazzal a kezdőértékkel, ezért ugyanaz lesz). 10–20 másodpercig tart, ha más programok is futnak, egy-hat percig, főleg a CNN miatt. A
# tesztképeket néhány képponttal el is tolja, és újra megnézi őket.

# %%
both = dlbench.compare_networks(["dense", "cnn"])
both.tables()

# %% [markdown] lang="en"
# ## The comparison: right, small, fast?
#
# *Minutes 31-36*
#
# **How to read it:** in the first table compare the accuracies *with their intervals*: they don't overlap, so the CNN is really better, with a quarter of the weights. (If yours overlap, as 98 and 97 % of 500 digits would, these digits can't tell; more digits could. Is it the longer training, 15 *epochs* against 8?
# Not for the CNN: with 8 it had 99.2 % as well. But dense gains: with 15 it had 96.8, and the intervals then just touch.) In the second one go along each row: it shows how many digits are still recognised after a move of so many pixels.
#
# <details><summary>Two of your three guesses</summary>
#
# The CNN has fewer weights, and is right more often.
#
# </details>
#
# The charts show how it came about. Loss is what training makes smaller: both curves improve quickly, then flatten out, and the dot marks the epoch that was kept. Compare solid with solid: the dashed lines are the training
# part, and training is made harder on purpose (digits moved, neurons switched off, and *label smoothing*: the network is asked for the right answer with some 91 to 95 %, not 100). The CNN gets more of that, so the height of a dashed line does not say which network is better.

# %% [markdown] lang="hu"
# ## Az összehasonlítás: jobb, kisebb, gyorsabb?
#
# *31–36. perc*
#
# **Így olvasd:** az első táblázatban a pontosságokat *az intervallumukkal együtt* hasonlítsd össze: nem fedik át egymást, a CNN tehát tényleg jobb, negyedannyi súllyal. (Ha nálad átfedik egymást, mint 500 számjegynél a 98 és a 97%, ezekből a számjegyekből nem derül ki, több számjegyből kiderülhetne. A hosszabb tanítás miatt, 15 *epoch* 8 helyett? A CNN-nél nem: 8-cal
# ugyanúgy 99,2%. A sűrű viszont nyer: 15-tel 96,8%, és a két intervallum akkor épp hogy összeér.) A másodikban menj végig a sorokon: hány számjegyet ismer fel a háló, ha ennyi képponttal eltoltuk őket.
#
# <details><summary>A három tippedből kettő</summary>
#
# A CNN-nek van kevesebb súlya, és az talál el több számjegyet.
#
# </details>
#
# Az ábrákon az látszik, hogyan jutottak idáig. A tanítás a veszteséget csökkenti: mindkét görbe gyorsan javul, aztán ellaposodik, a pont pedig a megtartott epochot jelöli. Folytonos vonalat folytonossal hasonlíts össze: a szaggatott a tanító rész,
# és a tanítást szándékosan megnehezítjük (eltolt számjegyek, kikapcsolt neuronok, és a *címkesimítás*: a jó választ nem 100, hanem 91–95%-kal várjuk el). Ebből a CNN kap többet, ezért a szaggatott vonalak magasságából nem derül ki, melyik háló a jobb.

# %%
both.charts()

# %% [markdown] lang="en"
# A dense layer has a weight for each pixel, so it learns *where* a stroke is. A convolution learns the stroke itself, wherever it is. That is why the
# curve of the CNN begins to fall only at a larger move. (It does fall in the end: its dense layers behind the filters know places. The 4,608 weights of conv2 belong to 32 filters, each with 3 x 3 weights for each of the 16 maps that come in.)
#
# Now the third guess, the time. First the CNN layer by layer: **compare** its multiply-accumulates, in the last row, with those of the dense network above (406,528).

# %% [markdown] lang="hu"
# A sűrű rétegnek minden képponthoz külön súlya van, ezért azt tanulja meg, *hol* van egy vonal. A konvolúció magát a vonalat tanulja meg, akárhol legyen
# is. Ezért a CNN görbéje csak nagyobb eltolásnál kezd esni. (Végül az is esik: a szűrők mögötti sűrű rétegei ismerik a helyeket. A conv2 4608 súlya 32 szűrőé, mindegyiknek 3 × 3 súlya van mind a 16 bejövő térképhez.)
#
# Most a harmadik tipp, az idő. Előbb a CNN rétegenként: **vesd össze** az utolsó sorában álló szorzás-összeadásokat a fenti sűrű hálóéval (406 528).

# %%
dlbench.inspect("cnn")

# %% [markdown] lang="en"
# **What to see:** 2.2 million multiply-accumulates, more than five times those of the dense network, with a quarter of the weights: each weight of a filter is used at every place of the picture. (Most of its weights still lie in *dense1*, but pooling leaves it 576 numbers for 128 neurons where the dense network has 784 for 512.)
# (*MaxPool* is pooling; *BatchNormalization* brings each map to a common scale, so that training is steadier.)
#
# Now the clock: dlbench measures each network several times, in *rounds*, and the interval says how certain the figure is. Don't rank rows whose intervals overlap. The budget is in
# seconds.

# %% [markdown] lang="hu"
# **Mit látsz:** 2,2 millió szorzás-összeadás, több mint ötször annyi, mint a sűrű hálóban, negyedannyi súllyal: egy szűrő minden súlyát a kép minden helyén használja. (Itt is a *dense1* rétegben van a legtöbb súly, de az összevonás után csak 576 szám jut 128 neuronra, a sűrű hálóban 784 jut 512-re.)
# (A *MaxPool* az összevonás; a *BatchNormalization* közös léptékre hoz minden térképet, ettől egyenletesebb a tanítás.)
#
# Most mérjük az időt: a dlbench minden hálót több *körben* is megmér, az intervallum pedig megmondja, mennyire biztos a szám. Ha két sor intervalluma átfedi egymást, nem szabad
# rangsorolni őket. A budget másodpercben értendő.

# %%
result = dlbench.compare(["dense", "cnn"], providers=runtime.providers, batch_sizes=[1, 32], budget=10)
result.table()

# %% [markdown] lang="en"
# **How to read it:** first *verdict*: did it run where you asked for it? Then *median*: the time of one run, for 1 picture or for 32 at once; of 100 runs 95 take at most *p95* and 99 at most *p99*. *Calm rounds*, such as 2/5: in 2 of 5 rounds the machine was at its usual speed; *the machine was* says what disturbed the others: busy (other programs), slowed or changing (its own speed: heat, power saving). (p95 looks within the rounds, the interval between them, so its end may lie above p95.)
# Behind an interval, * says that fewer than 5 rounds were calm, so all of them count. A ~ says that fewer than 3 were: take the figure as a hint, or close other programs and try again with `budget=60`.
#
# The next cell says what the same answers cost. (In class leave it out: minute 72 has prices.) *n/a* under "own it" means that the price list has no price for this machine:
# `dlbench.compare(..., machine_price=800)` gives it, in USD.

# %% [markdown] lang="hu"
# **Így olvasd:** először a *minősítést*: ott futott, ahol kérted? Aztán a *mediánt*: ennyi ideig tart egy futás 1 képpel vagy egyszerre 32-vel; 100 futásból 95 legfeljebb a *p95*, 99 legfeljebb a *p99* idejéig tart. A *nyugodt körök*, például 2/5:
# az összes körből ennyiben dolgozott a gép a szokásos sebességével; hogy mi volt máskor, a mellette lévő oszlop mondja meg: foglalt (más programok), lelassult vagy változó (a saját sebessége: hő, energiatakarékosság). (A p95 a körökön belül néz szét, az intervallum a körök között, ezért a vége a p95 fölé is kerülhet.) Az intervallum utáni * azt jelenti, hogy 5-nél kevesebb kör volt nyugodt, ezért mindegyik számít. A ~ azt, hogy 3-nál is kevesebb: a szám csak tájékoztató. Ha pontosabb kell, zárd be a többi programot, és futtasd újra a cellát így: `budget=60`.
#
# A következő cella azt mondja meg, mennyibe kerülnek ugyanezek a válaszok. (Órán hagyd ki: a 72. percben lesznek árak.) A „saját” oszlopban a *nincs adat* azt jelenti, hogy az árlistán nincs ára ennek a gépnek:
# a `dlbench.compare(..., machine_price=800)` megadja, USD-ben.

# %%
result.table("cost")

# %% [markdown] lang="en"
# **How to read it:** the table's title says the unit, such as cents for a million answers: a single one costs next to nothing. *Own it* is the price of this machine, shared out over its years, with electricity; *electricity* what the socket takes; *rent* a cloud
# machine of its kind; *Colab* the paid runtime.
#
# **What a good answer to the three guesses says:** the CNN has a quarter of the weights and is right more often, yet it needs more multiplications, because each weight is
# used at every place of the picture, so it takes longer. Weights cost memory, multiplications cost time. (Why five times the multiplications, but only two to three times the time? For one digit the dense network must fetch 1.6 MB of weights, and uses each
# once. With 32 digits at once, where they are fetched once for all, the CNN takes four to five times as long.)
#
# ## Which activation and loss for which question
#
# *Minutes 36-42*
#
# The last layer gives sums: any number, below zero too. The **last activation** turns them into the answer; the **loss** then says how wrong the answer was.
#
# | last activation | gives |
# |---|---|
# | sigmoid | one number from 0 to 1, for each output by itself |
# | softmax | shares that add up to 1: the outputs compete |
# | none | any number |
#
# | loss | for |
# |---|---|
# | binary cross-entropy (`binary-cross-entropy`) | probabilities, where each output is a yes or no of its own; a confident mistake costs most |
# | categorical cross-entropy (`categorical-cross-entropy`) | probabilities, where one of several labels is right |
# | mean squared error (`mean-squared-error`) | amounts; an error twice as large counts four times |
#
# **Choose first,** an activation and a loss for each: "is it a 3?", "which digit?", "which two digits stand side by side?", "by how many degrees was it turned?", "what share is ink?"

# %% [markdown] lang="hu"
# **Így olvasd:** a táblázat címe megmondja, hány válasz ára áll benne, például egymillióé: egyetlen válasz szinte semmibe sem kerül. A *saját* ennek a gépnek az ára az éveire elosztva, az árammal együtt; az *áram* csak az, amit a konnektorból vesz; a *bérlés* egy hasonló
# felhőgép; a *Colab* a fizetős környezete.
#
# **Ilyen egy jó válasz a három tippre:** a CNN-nek negyedannyi súlya van, és több számjegyet talál el, mégis több szorzás kell hozzá, mert minden súlyát a kép minden helyén
# használja, ezért tovább tart. A súly memóriába kerül, a szorzás időbe. (Miért ötszörös a szorzás, de csak két-háromszoros az idő? Egy számjegyhez a sűrű háló 1,6 MB súlyt olvas be, és mindegyiket egyszer használja. 32 számjegynél, ahol
# ez a beolvasás közös, a CNN ideje négy-ötszörös.)
#
# ## Melyik kérdéshez melyik aktiváció és veszteség illik
#
# *36–42. perc*
#
# Az utolsó réteg összegeket ad: bármilyen számot, nulla alattit is. Az **utolsó aktiváció** csinál belőlük választ; a **veszteség** azt mondja meg, mennyire volt rossz ez a válasz.
#
# | utolsó aktiváció | mit ad |
# |---|---|
# | sigmoid | egy 0 és 1 közötti számot, minden kimenetre külön |
# | softmax | részeket, amelyek összege 1: a kimenetek versengenek |
# | nincs | bármilyen számot |
#
# | veszteség | mihez |
# |---|---|
# | bináris keresztentrópia (`binary-cross-entropy`) | valószínűségekhez, ahol minden kimenet külön igen vagy nem; a magabiztos tévedés kerül a legtöbbe |
# | kategorikus keresztentrópia (`categorical-cross-entropy`) | valószínűségekhez, ahol több címke közül egy igaz |
# | átlagos négyzetes hiba (`mean-squared-error`) | mennyiségekhez; a kétszer akkora hiba négyszer annyit számít |
#
# **Előbb válassz** mindegyikhez egy aktivációt és egy veszteséget: „ez hármas?”, „melyik számjegy?”, „melyik két számjegy áll egymás mellett?”, „hány fokkal fordult el?”, „mekkora része tinta?”

# %%
# en: Run this now and choose while it computes: one dense network for each question, 10 passes each. It shows nothing yet.
# hu: Futtasd most, és amíg számol, válassz: kérdésenként egy sűrű háló, egyenként 10 epochkal. Még semmit sem mutat.
answers = dlbench.compare_tasks(epochs=10)

# %% [markdown] lang="en"
# **Have you chosen?** Then look: the example in the last column is the question of that row.

# %% [markdown] lang="hu"
# **Választottál?** Akkor nézd meg: az utolsó oszlop példája az a kérdés, amelyet a sor megold.

# %%
dlbench.tasks()

# %% [markdown] lang="en"
# <details><summary>Why these?</summary>
#
# | question | because |
# |---|---|
# | Is it a 3? | one output is enough: the probability of "no" is the rest |
# | Which digit is it? | one of ten is right, so the outputs compete and add up to 1 |
# | Which two digits stand side by side? | several labels may be right at once: a yes or no for each |
# | By how many degrees was it turned? | any number may be right, below 0 too: nothing must cut it off |
# | What share is ink? | a share lies between 0 and 1, as a sigmoid's answer does (binary cross-entropy can compare shares too) |
#
# (Cat or dog, in the second notebook, has two outputs and softmax: for two classes that says the same as one output and a sigmoid.)
#
# </details>
#
# Each row of the table as it was trained above, on the same digits ("which digit?" ends a little apart from the first dense network: 10 passes, not 8).

# %% [markdown] lang="hu"
# <details><summary>Miért ezek?</summary>
#
# | kérdés | mert |
# |---|---|
# | Ez hármas? | elég egy kimenet: a „nem” valószínűsége a maradék |
# | Melyik számjegy ez? | tízből egy igaz, ezért a kimenetek versengenek, és az összegük 1 |
# | Melyik két számjegy áll egymás mellett? | egyszerre több címke is igaz lehet: mindegyikre külön igen vagy nem |
# | Hány fokkal fordult el? | bármilyen szám lehet a jó válasz, 0 alatti is: semmi se vágja le |
# | Mekkora része tinta? | az arány 0 és 1 között van, mint a sigmoid válasza (arányokat a bináris keresztentrópia is össze tud hasonlítani) |
#
# (A macska vagy kutya, a második jegyzetfüzetben, két kimenet és softmax: két osztálynál ez ugyanazt mondja, mint egy kimenet és sigmoid.)
#
# </details>
#
# A táblázat minden sora, ahogy fent betanult, ugyanazokon a számjegyeken (a „melyik számjegy?” egy kicsit más, mint az első sűrű háló: 10 epoch, nem 8).

# %%
answers

# %% [markdown] lang="en"
# **How to read it:** the marks differ, as the questions do. For the first three questions the mark is the share of right answers. Two digits at once are hard for a dense network: both are right in less
# than half of the pictures, each label in 93 % (always "no" would already get 80 %). For "is it a 3?" always "no" gets 90 %. For a number the mark is the mean error: about 9 degrees, and less than a hundredth for the share of ink. (The root mean squared error counts large mistakes more. R2 is 1 for perfect answers and 0 for whoever always
# says the mean. Nobody needs them here.)
#
# And one wrong pairing, on purpose. "By how many degrees was the digit turned?" has answers from −45 to 45. A sigmoid gives 0 to 1. dlbench refuses:

# %% [markdown] lang="hu"
# **Így olvasd:** más a mérőszám, mert más a kérdés. Az első három kérdésnél a mérőszám a jó válaszok aránya. Két számjegy egyszerre nehéz egy sűrű hálónak: a képeknek nem egészen a felén jó mindkettő,
# pedig a címkék külön-külön 93%-ban jók (ha mindig „nem” a válasz, az is 80%). Az „ez hármas?” kérdésnél a mindig „nem” 90%. Ahol szám a válasz, ott az átlagos hiba a jegy: körülbelül 9 fok, a tintánál pedig egy századnál is kevesebb. (Az átlagos négyzetes hiba gyöke
# a nagy tévedéseket jobban bünteti. Az R2 hibátlan válasznál 1, és 0 annál, aki mindig az átlagot mondja. Itt egyik sem kell.)
#
# És egy szándékosan rossz párosítás. A „hány fokkal fordult el a számjegy?” kérdésre −45 és 45 közötti a válasz. A sigmoid 0 és 1 közötti
# számot ad. A dlbench ezt nem engedi:

# %%
try:
    dlbench.train_network("dense", task="regression", activation="sigmoid")
except dlbench.DlbenchError as error:
    print(error)

# %%
# en: With force=True it trains all the same: compare the mean absolute error with the row "regression" above.
# hu: force=True mellett mégis tanít: hasonlítsd össze az átlagos abszolút hibát a fenti „regression” sorral.
wrong = dlbench.train_network("dense", task="regression", activation="sigmoid", force=True, epochs=10, name="wrong")
wrong

# %% [markdown] lang="en"
# **What to see:** the network with the sigmoid is wrong by about 22 degrees on average, the right one by about 9. Always answering 0 would be wrong by 22.5: this network has
# learned nothing. Only the line
# below the table remembers that it was forced: the program runs, ends with a table like any other, and the answers are useless.

# %% [markdown] lang="hu"
# **Mit látsz:** a sigmoiddal a háló átlagosan körülbelül 22 fokot téved, a jó párosítás körülbelül 9-et. Aki mindig 0-t mond, 22,5-et téved: ez a háló semmit sem tanult. Csak a
# táblázat alatti sor emlékeztet rá, hogy kikényszerítetted: a program lefut, ugyanolyan táblázattal végződik, a válaszok pedig használhatatlanok.

# %% [markdown] lang="en"
# ## Exercise 1
#
# *Minutes 42-45*
#
# All networks above saw digits moved by up to 2 pixels while training. What happens to the "moved digits" table without that? Guess how many digits each network still gets right when they
# are moved by 4 pixels, then try: `augment=False` switches the moving off. `workspace="exercise"` keeps the networks of the lesson as they are.

# %% [markdown] lang="hu"
# ## 1. feladat
#
# *42–45. perc*
#
# A fenti hálók tanítás közben legfeljebb 2 képponttal eltolt számjegyeket is láttak. Mi történik az „eltolt számjegyek” táblázatával enélkül? Tippeld meg, hány számjegyet talál el még a két háló, ha
# 4 képponttal eltoljuk őket, aztán próbáld ki: az `augment=False` kikapcsolja az eltolást. A `workspace="exercise"` miatt az óra hálói megmaradnak.

# %%
# en: Exercise 1: fill the gap and remove the #
# hu: 1. feladat: töltsd ki a hiányt, és töröld az elejéről a # jelet
# dlbench.compare_networks(["dense", "cnn"], ______, workspace="exercise").table("shift")

# %% [markdown] lang="en"
# <details><summary>Solution</summary>
#
# ```python
# dlbench.compare_networks(["dense", "cnn"], augment=False, workspace="exercise").table("shift")
# ```
#
# Both fall earlier, for nobody showed them a stroke in any other place; the CNN's filters and pooling make up for most of it. Moved by 4 pixels, dense is right in about 21 % (it was 68 %), the CNN in about 81 % (it was 97 %).
#
# </details>
#
# ## Exercises 2 and 3, at home
#
# **2.** Is the CNN's lead luck? Train it from three seeds, `seeds=3` (and `workspace="exercise"`, so that the network of the lesson stays), and look at the column *on the test split*: how far apart do they lie?

# %% [markdown] lang="hu"
# <details><summary>Megoldás</summary>
#
# ```python
# dlbench.compare_networks(["dense", "cnn"], augment=False, workspace="exercise").table("shift")
# ```
#
# Mindkét háló pontossága hamarabb kezd esni, mert senki sem mutatta meg nekik ugyanazt a vonalat egy másik helyen; a CNN szűrői és az összevonás ennek nagy részét pótolják. 4 képponttal eltolva a sűrű körülbelül 21%-ot talál el (68%
# volt), a CNN körülbelül 81%-ot (97% volt).
#
# </details>
#
# ## 2. és 3. feladat, otthon
#
# **2.** Csak szerencséje volt a CNN-nek? Tanítsd be három különböző kezdőértékkel, `seeds=3` (és `workspace="exercise"`, hogy az óra hálója megmaradjon), és nézd meg „a tesztrészen” oszlopot: mennyire térnek el egymástól?

# %%
# en: Exercise 2: dlbench.train_seeds("cnn", ...)
# hu: 2. feladat: dlbench.train_seeds("cnn", ...)

# %% [markdown] lang="en"
# <details><summary>Solution</summary>
#
# ```python
# dlbench.train_seeds("cnn", seeds=3, workspace="exercise")
# ```
#
# The seeds give about 98.8 to 99.2 %, dense 95.6 %. The three differ by 0.4 points and lie 3 points above the dense network: the lead is not luck.
#
# </details>
#
# **3.** At batch 32, which network gains more per picture, and why? You need nothing but the table of times: divide each network's median at batch 32 by that at batch 1. The further below 32, the larger the gain.

# %% [markdown] lang="hu"
# <details><summary>Megoldás</summary>
#
# ```python
# dlbench.train_seeds("cnn", seeds=3, workspace="exercise")
# ```
#
# A három kezdőértékkel 98,8 és 99,2% közötti a pontosság, a sűrű hálóé 95,6%. A három között 0,4 százalékpont a különbség, a sűrűhöz képest 3: az előny nem a véletlen műve.
#
# </details>
#
# **3.** 32 elemű kötegnél melyik háló nyer többet képenként, és miért? Az idők táblázata elég hozzá: mindkét hálónál oszd el a 32 elemű köteg mediánját az 1 eleműével. Minél kisebb 32-nél, annál nagyobb a nyereség.

# %% [markdown] lang="en"
# <details><summary>Solution</summary>
#
# It depends on your machine; read your own table. On 2 cores it is the dense network: 32 pictures took 6 to 9 times as long as one (11 and 69 µs on one machine, 16 and 147 on another). Its weights must be read from memory once a
# *run*, not once a picture. The CNN took 15 to 18 times as long (23 and 350 µs, 39 and 703; on a busy machine from 9 times), so each picture takes about half: it has few weights and was busy with multiplications from the start. On a machine of many cores the
# CNN gains too (132 µs and 268 µs on 16 cores), since a single digit is too little work to share among them.
#
# </details>
#
# ## Can you answer these?
#
# <details><summary>Someone tries ten networks and reports the best accuracy on the test part. What is wrong?</summary>
#
# The test part has chosen, so its mark is too good. Choose by the validation part, then look at the test part once.
#
# </details>
#
# <details><summary>One network is right in 95.6 % of the 500 test digits, another in 96.2 %. Which one is better?</summary>
#
# These digits can't say: that is a difference of three digits, and both intervals are about two points wide to each side.
#
# </details>
#
# <details><summary>The training loss goes on falling, the validation loss rises. What is going on?</summary>
#
# The network learns its training pictures by heart (overfitting). Keep the epoch with the lowest validation loss; more pictures, or moved ones, help.
#
# </details>
#
# <details><summary>Why not cross-entropy for "by how many degrees was it turned?"</summary>
#
# It judges probabilities, from 0 to 1. Degrees are amounts: what counts is how far off the answer is, so squared error.
#
# </details>
#
# **Next:** [look inside, and transfer learning](2-look-inside-and-transfer.ipynb). On Colab open that notebook as you opened this one.

# %% [markdown] lang="hu"
# <details><summary>Megoldás</summary>
#
# A gépedtől függ; a saját táblázatodat olvasd. 2 magon a sűrű háló: 32 kép 6–9-szer annyi ideig tartott, mint egy (az egyik gépen 11 és 69 µs, egy másikon 16 és 147). A súlyait *futásonként* egyszer kell kiolvasni a memóriából,
# nem képenként. A CNN-nél 15–18-szor annyi ideig (23 és 350 µs, illetve 39 és 703; leterhelt gépen 9-szertől), egy-egy képre tehát körülbelül feleannyi idő jut: kevés súlya van, és már az elején is a szorzásokkal volt elfoglalva. Sok magon a CNN is nyer (16
# magon 132 µs és 268 µs), mert egyetlen számjegy kevés munka ahhoz, hogy szét lehessen osztani köztük.
#
# </details>
#
# ## Tudsz ezekre válaszolni?
#
# <details><summary>Valaki tíz hálót kipróbál, és a tesztrészen mért legjobb pontosságot közli. Mi a baj?</summary>
#
# A teszt alapján választottunk, ezért a rajta mért pontosság túl szép. A validációs rész alapján válassz, a tesztrészt pedig egyszer nézd meg.
#
# </details>
#
# <details><summary>Az egyik háló az 500 tesztszámjegy 95,6%-át találja el, a másik 96,2%-át. Melyik a jobb?</summary>
#
# Ezek a számjegyek nem mondják meg: a különbség három számjegy, és mindkét intervallum mindkét irányban körülbelül két százalékpont széles.
#
# </details>
#
# <details><summary>A tanító rész vesztesége tovább csökken, a validációsé nő. Mi történik?</summary>
#
# A háló bemagolja a tanítóképeket (túltanulás). A legkisebb validációs veszteségű epochot tartsd meg; több kép vagy eltolt képek segítenek.
#
# </details>
#
# <details><summary>Miért nem keresztentrópia kell a „hány fokkal fordult el?” kérdéshez?</summary>
#
# A keresztentrópia 0 és 1 közötti valószínűségeket értékel. A fok mennyiség: az számít, mekkorát téved a válasz, ezért négyzetes hiba kell.
#
# </details>
#
# **Folytatás:** [a háló belseje és a transzfertanulás](2-look-inside-and-transfer.hu.ipynb). A Colabon azt is ugyanúgy nyisd meg, mint ezt.
