# %% [markdown] lang="en"
# # First networks: a digit, a dense network, a CNN
#
# {colab}
#
# You train two small networks on the same handwritten digits, and ask of each: how good is it, how large, how fast, and what does it cost?
# All numbers below are measured on the machine in front of you. Run the cells from top to bottom; the whole notebook takes a few minutes.
#
# | part | minutes |
# |---|---|
# | what CPU, GPU and TPU are good for | 5 |
# | the data, and why it is split in three | 10 |
# | a dense network, a CNN, the comparison | 15 |
# | which activation and loss for which question | 10 |
# | exercises | 5 |

# %% [markdown] lang="hu"
# # Az első hálók: egy számjegy, egy sűrű háló, egy CNN
#
# {colab}
#
# Két kis hálót tanítasz be ugyanazokra a kézzel írt számjegyekre, és mindkettőről kideríted: mennyire jó, mekkora, milyen gyors, és mennyibe kerül?
# A mért számok mind azon a gépen születnek, amely előtt ülsz. Futtasd a cellákat fentről lefelé; az egész jegyzetfüzet néhány percig tart.
#
# | rész | perc |
# |---|---|
# | mire jó a CPU, a GPU és a TPU | 5 |
# | az adatok, és miért osztjuk őket három részre | 10 |
# | egy sűrű háló, egy CNN, és az összehasonlításuk | 15 |
# | melyik kérdéshez melyik aktiváció és veszteség illik | 10 |
# | feladatok | 5 |

# %% tags=["setup"]
# {setup}

# %%
import dlbench

# en: "gpu" in place of "any" stops here, with one line, where no GPU runtime was chosen.
# hu: Ha "any" helyett "gpu" áll itt, a jegyzetfüzet egysoros üzenettel leáll, amennyiben nem választottál GPU-s környezetet.
runtime = dlbench.find_runtime(wanted="any")
runtime

# %% [markdown] lang="en"
# The table says where this runs: *kind* is what dlbench found, *providers* is what it times below, *price* is what an hour costs.
#
# ## What CPU, GPU and TPU are good for
#
# A CPU has a few fast cores that do anything. A GPU has thousands of slow ones that all do the same thing to different numbers: just what a matrix
# product needs. A TPU is a chip that does little else than matrix products. A large network on a lot of data gains from that. A small one does not:
# the time goes into starting the work, and the GPU waits.
#
# One task was trained on all of them and published: ResNet-50 on ImageNet. In December 2018 a headline said that a full TPU v2 Pod trains it 27 times as fast as 8 V100
# cards, and 38 % cheaper. **Before you run the cell, guess:** does the log of the same month say the same?

# %% [markdown] lang="hu"
# A táblázat azt mondja meg, min fut ez a jegyzetfüzet: a *fajta* az, amit a dlbench talált, a *végrehajtók* (execution provider) azok, amelyeken lent mér, az *ár* pedig egy gépóra ára.
#
# ## Mire jó a CPU, a GPU és a TPU
#
# A CPU-nak néhány gyors magja van, és ezek bármit megcsinálnak. A GPU-nak több ezer lassú magja van, és mind ugyanazt csinálja, csak más számokkal:
# egy mátrixszorzáshoz pont ez kell. A TPU olyan lapka, amely szinte csak mátrixokat szoroz. Egy nagy háló sok adattal ebből sokat nyer. Egy kicsi nem:
# az idő a munka elindítására megy el, a GPU pedig várakozik.
#
# Van egy feladat, amelyet mindegyiken elvégeztek és közzétettek: a ResNet-50 betanítása az ImageNet képein. 2018 decemberében egy hírben az állt, hogy egy teljes TPU v2 Pod 27-szer olyan gyorsan
# tanítja be, mint 8 V100 kártya, és 38 %-kal olcsóbban. **Mielőtt lefuttatod a cellát, tippelj:** ugyanezt mondja az ugyanabban a hónapban közölt napló is?

# %%
costs = dlbench.training_costs(estimate="none")
costs.comparison_chart()

# %%
costs

# %% [markdown] lang="en"
# **What to see:** no. By the log the pod is 12 times as fast (138 minutes against 11.2), and 23 % *dearer* (72.0 USD against 58.6). The headline counted something else: read
# what was counted before you quote a claim or a log.
#
# Now all published runs over the years. Each mark of the chart is one training run: the lower left corner is fast *and* cheap. Both axes are logarithmic, so a step is a factor. The
# arrow joins two runs on 8 V100: the same kind of card, two years later. **Guess:** by how much has the price fallen since 2017?

# %% [markdown] lang="hu"
# **A válasz:** nem. A napló szerint a pod 12-szer olyan gyors (138 perc helyett 11,2), de 23 %-kal *drágább* (58,6 USD helyett 72,0). A hír mást számolt: nézd meg, mit
# számoltak bele, mielőtt egy hírt vagy egy naplót idézel.
#
# Most az összes közölt futás. Az ábrán minden jel egy tanítás: a bal alsó sarok gyors *és* olcsó. Mindkét tengely logaritmikus, tehát egy osztásköz mindig ugyanannyiszoros változás. A nyíl két olyan
# futást köt össze, amely 8 V100 kártyán ment: ugyanaz a kártya, két évvel később. **Tippelj:** mennyit esett az ár 2017 és 2020 között?

# %%
costs.chart()

# %%
costs.table("published")

# %% [markdown] lang="en"
# **What to see:** scroll to the last rows of DAWNBench. From 488 USD in October 2017 to 7.43 USD in March 2020: 66 times less, by better cards *and* by better software, since the
# arrow alone is a factor of 48 on the same kind of card.
#
# ## The data: digits as numbers
#
# MNIST holds handwritten digits, 28 by 28 pixels each, in shades of grey. The sample here has 5,000 of them and needs no internet.

# %% [markdown] lang="hu"
# **Mit látsz:** görgess a DAWNBench utolsó soraihoz. A 2017 októberi 488 USD-ből 2020 márciusára 7,43 USD lett: a 66-od része, a jobb kártyák *és* a jobb szoftver miatt, hiszen
# a nyíl két vége között 48-szoros a különbség ugyanolyan kártyán.
#
# ## Az adatok: számjegyek számokként
#
# Az MNIST kézzel írt számjegyekből áll, mindegyik 28 × 28 képpontos, szürkeárnyalatos kép. Ebben a mintában 5000 van belőlük, és internet sem kell hozzá.

# %%
digits = dlbench.survey("mnist-sample")
digits

# %% [markdown] lang="en"
# **What to see:** there are equally many pictures of each digit. Always giving the same answer is right 10 % of the time; compare every accuracy below with that.

# %% [markdown] lang="hu"
# **Mit látsz:** minden számjegyből ugyanannyi kép van. Aki mindig ugyanazt válaszolja, az esetek 10 %-ában eltalálja; lent minden pontosságot ehhez mérj.

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
# ### Train, validation, test: why three parts?
#
# | part | used for | if you left it out |
# |---|---|---|
# | train | the weights learn from it | nothing would be learned |
# | validation | chooses between epochs and settings | you would choose by the test pictures, and they would no longer be a test |
# | test | one honest mark at the end | you would only know how well the network remembers |
#
# Here they are 4,000, 500 and 500 digits, with as many of each digit in every part. The split never changes, so results can be compared. With 500 test
# digits, 97 % means something between about 95 % and 98 %: that is the interval which stands beside each accuracy below.
#
# ## A dense network
#
# Each of its 512 neurons has a weight for each of the 784 pixels.

# %% [markdown] lang="hu"
# ### Tanító-, validációs és tesztrész: miért három?
#
# | rész | mire való | ha elhagynád |
# |---|---|---|
# | tanító | ebből tanulnak a súlyok | nem tanulna semmit |
# | validációs | ez alapján választunk epochot és beállítást | a tesztképek alapján döntenél, és akkor azok már nem tesztelnének semmit |
# | teszt | egyetlen őszinte jegy a végén | csak azt tudnád, mennyire emlékszik a háló |
#
# Itt 4000, 500 és 500 számjegy van bennük, minden számjegyből ugyanannyi. A felosztás sosem változik, ezért az eredmények összehasonlíthatók. 500
# tesztképnél a 97 % azt jelenti, hogy valahol 95 % és 98 % között járunk: ez az az intervallum, amely lent minden pontosság mellett ott áll.
#
# ## Egy sűrű háló
#
# Mind az 512 neuronjához 784 súly tartozik, képpontonként egy.

# %%
dense = dlbench.train_network("dense", epochs=4)
dense

# %% [markdown] lang="en"
# **How to read it:** *accuracy* comes first: the share of the 500 test digits that was answered correctly. The interval behind it says where the true share probably lies.
# *F1* and *AUROC* are marks of other kinds, both best at 1. *Training* and *energy* are what the learning cost; *parity* says that the exported file answers as the trained
# network did. *784-512-10* is the network: 784 pixels, 512 neurons, 10 answers.
#
# The next table is the network layer by layer. **Guess:** which layer holds most of its weights?

# %% [markdown] lang="hu"
# **Így olvasd:** az első a *pontosság*: az 500 tesztszámjegyből ennyit talált el, és a valódi érték várhatóan a mögötte álló intervallumban van. Az *F1* és az *AUROC* másfajta
# jegy, mindkettő 1-nél a legjobb. A *tanítás* és az *energia*: mennyi időbe és áramba került a tanulás; az *egyezés* azt mondja, hogy a kiírt fájl ugyanúgy válaszol, mint a betanított háló.
# A *784-512-10* maga a háló: 784 képpont, 512 neuron, 10 válasz.
#
# A következő táblázat rétegenként mutatja a hálót. **Tippelj:** melyik rétegben van a legtöbb súly?

# %%
dlbench.inspect("dense")

# %% [markdown] lang="en"
# **What to see:** nearly all weights, 401,920 of 407,050, lie between the pixels and the neurons: 784 x 512, and a bias for each neuron. A multiply-accumulate is one
# multiplication with one addition; here each weight is used once.
#
# ## A CNN, and the comparison
#
# A convolution slides a small filter over the picture: the same few weights everywhere. **Guess first:** which of the two networks has more weights? Which
# one is more often right? Which one takes longer for one picture?
#
# The next cell trains both in the same way and puts them side by side. It also moves the test digits by a few pixels and looks again.

# %% [markdown] lang="hu"
# **Mit látsz:** szinte minden súly, 407 050-ből 401 920, a képpontok és a neuronok között van: 784 × 512, és minden neuronhoz egy eltolási érték (bias). A szorzás-összeadás egy szorzás
# egy összeadással; itt minden súlyra egy jut.
#
# ## Egy CNN és az összehasonlítás
#
# A konvolúció egy kis szűrőt csúsztat végig a képen: mindenütt ugyanazt a néhány súlyt használja. **Előbb tippelj:** melyik hálónak van több súlya? Melyik
# talál el több számjegyet? Melyiknek kell több idő egy képhez?
#
# A következő cella mindkettőt ugyanúgy tanítja be, és egymás mellé teszi őket. A tesztképeket néhány képponttal el is tolja, és újra megnézi őket.

# %%
both = dlbench.compare_networks(["dense", "cnn"], epochs=4)
both.tables()

# %% [markdown] lang="en"
# **How to read it:** in the first table compare the accuracies *with their intervals*: they don't overlap, so the CNN is really better, with a quarter of the weights. In the
# second one go along each row: it shows how many digits are still recognised after a move of so many pixels.
#
# The charts show the same. Loss is what training makes smaller. The training lines look worse than the validation lines, since training is made harder on purpose (digits moved,
# neurons switched off).

# %% [markdown] lang="hu"
# **Így olvasd:** az első táblázatban a pontosságokat *az intervallumukkal együtt* hasonlítsd össze: nem fedik át egymást, a CNN tehát tényleg jobb, negyedannyi súllyal. A
# másodikban menj végig a sorokon: hány számjegyet ismer fel a háló, ha ennyi képponttal eltoltuk őket.
#
# Az ábrák ugyanezt mutatják. A tanítás a veszteséget csökkenti. A tanító rész görbéi rosszabbak, mint a validációsé, mert a tanítást szándékosan megnehezítjük (eltolt számjegyek,
# kikapcsolt neuronok).

# %%
both.charts()

# %% [markdown] lang="en"
# A dense layer has a weight for each pixel, so it learns *where* a stroke is. A convolution learns the stroke itself, wherever it is. That is why the
# curve of the CNN falls later.
#
# Now the time. Each round of a measurement is a fresh process, and the interval says how sure the figure is. Don't rank rows whose intervals overlap.

# %% [markdown] lang="hu"
# A sűrű rétegnek minden képponthoz külön súlya van, ezért azt tanulja meg, *hol* van egy vonal. A konvolúció magát a vonalat tanulja meg, akárhol legyen
# is. Ezért esik később a CNN görbéje.
#
# Most az idő. Minden mérési kör új folyamatban fut, az intervallum pedig megmondja, mennyire biztos a szám. Ha két sor intervalluma átfedi egymást, nem szabad
# rangsorolni őket.

# %%
result = dlbench.compare(["dense", "cnn"], providers=runtime.providers, batch_sizes=[1, 32], budget=10)
result.table()

# %% [markdown] lang="en"
# **How to read it:** first *verdict*: did it run where you asked for it? Then *median*: the time of one run, for 1 picture or for 32 at once. A ~ says that the machine was busy
# in nearly all rounds, so take the figure as a hint. Then what the same answers cost. *n/a* under "own it" means that the price list does not know this machine:
# `dlbench.compare(..., machine_price=800)` gives its price in USD.

# %% [markdown] lang="hu"
# **Így olvasd:** először a *minősítést*: ott futott, ahol kérted? Aztán a *mediánt*: ennyi ideig tart egy futás 1 képpel vagy egyszerre 32-vel. A ~ azt jelenti, hogy a gép szinte
# minden körben mással is foglalkozott, a szám tehát csak tájékoztató. Utána az következik, hogy mennyibe kerülnek ugyanezek a válaszok. A „saját” oszlopban a *nincs adat* azt jelenti, hogy az
# árlista nem ismeri ezt a gépet: a `dlbench.compare(..., machine_price=800)` megadja az árát USD-ben.

# %%
result.table("cost")

# %% [markdown] lang="en"
# **How to read it:** the head says how many answers are meant, a billion or a million: a single one costs next to nothing. *Electricity* is this machine alone, *rent* a cloud
# machine of its kind, *Colab* the paid runtime.
#
# **What a good answer to the three guesses says:** the CNN has a quarter of the weights and is right more often, yet it needs more multiplications, because each weight is
# used at every place of the picture. Weights cost memory, multiplications cost time.
#
# ## Which activation and which loss for which question
#
# The last activation follows from what you ask for; the loss follows from the activation. **Choose first:** which activation fits "is it a 3?", "which digit?", "which two
# digits?", "by how many degrees?", "what share is ink?"

# %% [markdown] lang="hu"
# **Így olvasd:** a fejléc megmondja, hány válaszra vonatkozik az ár, egymilliárdra vagy egymillióra: egyetlen válasz szinte semmibe sem kerül. Az *áram* csak ennek a gépnek az áramköltsége, a *bérlés* egy hasonló
# felhőgép, a *Colab* a fizetős környezet.
#
# **Ilyen egy jó válasz a három tippre:** a CNN-nek negyedannyi súlya van, és több számjegyet talál el, mégis több szorzás kell hozzá, mert minden súlyát a kép minden helyén
# használja. A súly memóriába kerül, a szorzás időbe.
#
# ## Melyik kérdéshez melyik aktiváció és veszteség illik
#
# Az utolsó aktiváció abból következik, mit kérdezel; a veszteség pedig az aktivációból. **Előbb válassz:** melyik aktiváció illik ezekhez: „ez hármas?”, „melyik számjegy?”,
# „melyik két számjegy?”, „hány fokkal fordult el?”, „mekkora része tinta?”

# %%
dlbench.tasks()

# %% [markdown] lang="en"
# Each row of the table, run once on the same digits:

# %% [markdown] lang="hu"
# A táblázat minden sora egyszer lefuttatva, ugyanazokon a számjegyeken:

# %%
answers = dlbench.compare_tasks(epochs=10)
answers

# %% [markdown] lang="en"
# **How to read it:** the marks differ, as the questions do. For three questions the mark is the share of right answers. Two digits at once are hard for a dense network: both are right in less
# than half of the pictures, each single label in nine of ten (always saying "no" would get about eight). For a number the mark is the mean error: about 9 degrees, and less than a hundredth for the share of ink.
#
# And one wrong pairing, on purpose. "By how many degrees was the digit turned?" has answers from about -45 to 45. A sigmoid gives 0 to 1. dlbench refuses:

# %% [markdown] lang="hu"
# **Így olvasd:** más a mérőszám, mert más a kérdés. Három kérdésnél ez a jó válaszok aránya. Két számjegy egyszerre nehéz egy sűrű hálónak: a képeknek nem egészen a felén jó mindkettő,
# pedig külön-külön nézve tíz címkéből kilenc helyes. Ahol szám a válasz, ott az átlagos hiba a jegy: körülbelül 9 fok, a tintánál pedig egy századnál is kevesebb.
#
# És egy szándékosan rossz párosítás. A „hány fokkal fordult el a számjegy?” kérdésre körülbelül -45 és 45 közötti a válasz. A szigmoid 0 és 1 közötti
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
# learned nothing. And once it was forced, nothing warned you: the program runs, the loss falls a little, and the answers are useless.

# %% [markdown] lang="hu"
# **Mit látsz:** a szigmoiddal a háló átlagosan körülbelül 22 fokot téved, a jó párosítás körülbelül 9-et. Aki mindig 0-t mond, 22,5-et téved: ez a háló semmit sem tanult. És
# ezt semmilyen hibaüzenet nem jelezte: a program lefut, a veszteség csökken egy kicsit, a válaszok pedig használhatatlanok.

# %% [markdown] lang="en"
# ## Exercises
#
# **1.** All networks above saw digits moved by up to 2 pixels while training. What happens to the "moved digits" table without that? Guess, then try.
#
# <details><summary>Solution</summary>
#
# ```python
# dlbench.compare_networks(["dense", "cnn"], epochs=4, augment=False).table("shift")
# ```
#
# Both fall earlier, the dense network far more: nobody showed it a stroke in a second place.
#
# </details>
#
# **2.** Is the CNN's lead luck? Train it with three seeds and look at the spread.
#
# <details><summary>Solution</summary>
#
# ```python
# dlbench.train_seeds("cnn", seeds=3, epochs=4)
# ```
#
# The seeds differ by less than the distance to the dense network: the lead is not luck.
#
# </details>
#
# **3.** At batch 32, which network gains more per picture, and why?
#
# <details><summary>Solution</summary>
#
# Divide the time by 32. The dense network gains more: its weights must be read from memory once a *run*, not once a picture. The CNN has
# few weights and was busy with multiplications from the start.
#
# </details>

# %% [markdown] lang="hu"
# ## Feladatok
#
# **1.** A fenti hálók tanítás közben legfeljebb 2 képponttal eltolt számjegyeket is láttak. Mi történik az „eltolt számjegyek” táblázatával enélkül?
# Tippelj, aztán próbáld ki.
#
# <details><summary>Megoldás</summary>
#
# ```python
# dlbench.compare_networks(["dense", "cnn"], epochs=4, augment=False).table("shift")
# ```
#
# Mindkét háló pontossága hamarabb kezd esni, a sűrűé sokkal meredekebben: neki senki sem mutatta meg ugyanazt a vonalat egy másik helyen.
#
# </details>
#
# **2.** Csak szerencséje volt a CNN-nek? Tanítsd be három különböző kezdőértékkel (seed), és nézd meg a szórást.
#
# <details><summary>Megoldás</summary>
#
# ```python
# dlbench.train_seeds("cnn", seeds=3, epochs=4)
# ```
#
# A három tanítás közti eltérés kisebb, mint a sűrű hálótól mért távolság: az előny nem a véletlen műve.
#
# </details>
#
# **3.** 32 elemű kötegnél melyik háló nyer többet képenként, és miért?
#
# <details><summary>Megoldás</summary>
#
# Oszd el az időt 32-vel. A sűrű háló nyer többet: a súlyait *futásonként* egyszer kell kiolvasni a memóriából, nem képenként. A CNN-nek kevés súlya van, és
# már az elején is a szorzásokkal volt elfoglalva.
#
# </details>

# %% [markdown] lang="en"
# **Next:** [look inside, and transfer learning](2-look-inside-and-transfer.ipynb).

# %% [markdown] lang="hu"
# **Folytatás:** [a háló belseje és a transzfertanulás](2-look-inside-and-transfer.hu.ipynb).
